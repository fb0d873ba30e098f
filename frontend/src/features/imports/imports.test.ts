import { describe, expect, it } from "vitest";
import { lossesOf, ranges, SYSTEMS, textsOf } from "./imports";

const langfuse = SYSTEMS[0];

describe("imports", () => {
  it("says the same remark of several versions once", () => {
    const lost = { place: "config", what: "tone", why: "kept" };
    const version = { imported: true, failure: null, author: null, date: null, not_carried_over: [lost] };
    const versions = [1, 2, 3, 5].map((number) => ({ ...version, number }));
    expect(lossesOf({ versions })).toEqual([{ ...lost, versions: "1 to 3, 5" }]);
    expect(ranges([])).toBe("");
  });

  it("takes the files of a kind, and refuses what is no text", async () => {
    if (!langfuse) throw new Error("no kind");
    const good = new File(["\ufeff[]"], "a.JSON");
    expect(await textsOf([good, new File(["x"], "b.txt")], langfuse)).toEqual([
      { path: "a.JSON", text: "[]" },
    ]);
    await expect(textsOf([new File(["x"], "b.txt")], langfuse)).rejects.toThrow("ends in .json or .jsonl");
    await expect(textsOf([new File([new Uint8Array([255])], "c.json")], langfuse)).rejects.toThrow("UTF-8");
  });
});
