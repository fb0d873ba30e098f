import { describe, expect, it } from "vitest";
import { apiFilter, chipsOf, readSearch, readTyped } from "./filters";

describe("typed filters", () => {
  it("reads names, short names, comparisons and words", () => {
    expect(readTyped('env:production latency>1000 status:error where is "my parcel"')).toEqual({
      environment: "production",
      latency_above: "1000",
      status: "error",
      text: 'where is "my parcel"',
    });
  });

  it("keeps quoted values whole and unknown names as words", () => {
    expect(readTyped('user:"Ann B" colour:red')).toEqual({ user: "Ann B", text: "colour:red" });
  });

  it("shows chips in words", () => {
    expect(chipsOf({ latency_above: "5", commit: "0123456789abcdef" }).map((chip) => chip.words)).toEqual([
      "commit: 0123456789",
      "latency > 5",
    ]);
  });
});

describe("the address", () => {
  it("drops what it does not know", () => {
    expect(readSearch({ prompt: "triage", evil: "x", tag: "" })).toEqual({ prompt: "triage" });
  });

  it("asks for the last day by default, for all when told, for a brushed range", () => {
    const now = new Date("2026-11-22T12:00:30Z");
    expect(apiFilter({}, now)).toEqual({ from: "2026-11-21T12:00:00.000Z" });
    expect(apiFilter({ range: "" }, now)).toEqual({});
    expect(apiFilter({ from: "a", to: "b", range: "1h" }, now)).toEqual({ from: "a", to: "b" });
  });
});
