import { describe, expect, it } from "vitest";
import { pathProblem } from "./templates";

describe("a new file's path", () => {
  it.each([
    "prompts/a.prompt",
    "prompts/a/b.prompt",
    "configs/a.yaml",
    "configs/a.schema.json",
    "README.md",
    "x/README.md",
  ])("%s is fine", (path) => {
    expect(pathProblem(path, ["prompts/taken.prompt"])).toBeUndefined();
  });

  it.each([
    "",
    "prompts/",
    "prompts/.prompt/",
    "a.prompt",
    "prompts//a.prompt",
    "prompts/../a.prompt",
    "notes.txt",
  ])("%j is not", (path) => {
    expect(pathProblem(path, [])).toBeTruthy();
  });

  it("may not be taken", () => {
    expect(pathProblem("prompts/a.prompt", ["prompts/a.prompt"])).toContain("already");
  });
});
