import { describe, expect, it } from "vitest";
import { ApiProblem, problemFrom, toProblem } from "./problem";

const answer = (body: string, status: number) => problemFrom(new Response(body, { status }));

describe("a refused response", () => {
  it("has a heading without the words of HTTP, also for a status that is not expected", async () => {
    const titles = [422, 418, 500].map(async (status) => {
      const { title } = await answer(
        JSON.stringify({ title: "Unprocessable Entity", detail: "No." }),
        status,
      );
      return title;
    });
    expect(await Promise.all(titles)).toEqual([
      "Something has to be put right",
      "The request was refused",
      "The server failed",
    ]);
  });

  it("keeps the server's words, places and further members", async () => {
    const problem = await answer(
      JSON.stringify({
        type: "about:blank",
        title: "Conflict",
        status: 409,
        detail: "Your text was not saved.",
        code: "stale_head",
        errors: [{ where: "body.name", code: "taken", detail: "This name is taken." }],
        head: "8f3c",
      }),
      409,
    );
    expect(problem).toBeInstanceOf(ApiProblem);
    expect(problem).toMatchObject({ status: 409, code: "stale_head", message: "Your text was not saved." });
    expect(problem.field("name")).toBe("This name is taken.");
    expect(problem.field("slug")).toBeUndefined();
    expect(problem.extra).toEqual({ head: "8f3c" });
    expect(problem.retryable).toBe(false);
  });

  it.each(["<html>Bad gateway</html>", "[]", ""])(
    "is named by its status when its body is %j",
    async (body) => {
      const problem = await answer(body, 502);
      expect(problem).toMatchObject({
        status: 502,
        code: "http_502",
        title: "The server failed",
        errors: [],
      });
      expect(problem.retryable).toBe(true);
    },
  );
});

describe("any thrown thing", () => {
  it("becomes a problem once", () => {
    const problem = toProblem(new TypeError("x is undefined"));
    expect(problem).toMatchObject({ code: "page_error", detail: "x is undefined" });
    expect(toProblem(problem)).toBe(problem);
    expect(toProblem("gone").detail).toBe("gone");
  });
});
