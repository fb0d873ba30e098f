import { describe, expect, it } from "vitest";
import { drawn, nameOf, question, readSearch } from "./quality";

describe("the address", () => {
  it("drops what it does not know", () => {
    expect(readSearch({ prompt: "triage", evil: "x", split: "" })).toEqual({ prompt: "triage" });
  });

  it("asks for a week by default, and for a brushed range", () => {
    const now = new Date("2026-11-22T12:00:30Z");
    expect(question({}, now)).toEqual({ from: "2026-11-15T12:00:00.000Z" });
    expect(question({ from: "a", to: "b", split: "commit", environment: "dev" }, now)).toEqual({
      environment: "dev",
      group: "commit",
      from: "a",
      to: "b",
    });
  });
});

describe("series", () => {
  const all = { kind: "all" as const, commit: "" };
  const one = { kind: "commit" as const, commit: "0123456789ab" };
  it("names them in words", () => {
    const none = { kind: "commit" as const, commit: "" };
    const other = { kind: "other" as const, commit: "" };
    expect([all, one, none, other].map(nameOf)).toEqual([
      "All requests",
      "01234567",
      "No commit named",
      "Other commits",
    ]);
  });

  it("draws the parts when there are some", () => {
    expect(drawn([all])).toEqual([all]);
    expect(drawn([all, one])).toEqual([one]);
  });
});
