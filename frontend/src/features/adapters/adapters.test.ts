import { describe, expect, it } from "vitest";
import { cardGroups, columnsOf, heightOf, hubName, type Node, pathsOf } from "./adapters";

const node = (id: string, column: number): Node =>
  ({ id, column, kind: "adapter", title: id, detail: "", state: "", url: "/" }) satisfies Node;

describe("the drawing", () => {
  it("is as high as its fullest column and centres the others", () => {
    const columns = columnsOf([node("a", 0), node("b", 0), node("c", 1)]);
    expect(heightOf(columns)).toBe(160);
    const [first, second] = pathsOf(columns, [
      { tail: "a", head: "c" },
      { tail: "b", head: "c" },
    ]);
    expect(first).toBe("M17.6 38C19.1 38 19.1 80 20.6 80");
    expect(second).toBe("M17.6 122C19.1 122 19.1 80 20.6 80");
  });

  it("joins two of one column from top to bottom and leaves out what is not there", () => {
    const columns = columnsOf([node("draft", 2), node("adapter", 2)]);
    const edges = [
      { tail: "draft", head: "adapter" },
      { tail: "draft", head: "nobody" },
    ];
    expect(pathsOf(columns, edges)).toEqual(["M50 76L50 84"]);
  });
});

it("names an adapter as the Hub's clients do", () => {
  expect(hubName("desk", "adapters/support/triage")).toBe("desk/support__triage");
});

describe("a card", () => {
  it("is grouped for reading", () => {
    const groups = cardGroups({
      licence: "MIT",
      data: { dataset: "messages", version: 2, sha256: "abcdef0123456789" },
      parameters: { rank: 8, targets: ["q_proj", "v_proj"] },
      cost: { seconds: 90, peak_memory_mb: 1200 },
      colour: "blue",
    });
    expect(groups.map((group) => group.title)).toEqual(["", "Parameters", "Cost", "Also said"]);
    expect(groups[0]?.items).toContainEqual(["Data", "messages v2"]);
    expect(groups[1]?.items).toEqual([
      ["rank", "8"],
      ["targets", "q_proj, v_proj"],
    ]);
    expect(groups[2]?.items).toEqual([
      ["Time", "1 min 30 s"],
      ["Memory", "1.2 GB"],
    ]);
    expect(groups[3]?.items).toEqual([["colour", "blue"]]);
  });

  it("of any shape breaks nothing", () => {
    expect(cardGroups({ data: "mine", base_model: "org/model", metrics: 3 })[0]?.items).toEqual([
      ["Base model", "org/model"],
    ]);
  });
});
