import { describe, expect, it } from "vitest";
import { changedSpan, type DiffRow, diffLines, foldRows, isChange, pairRows } from "./diffLines";

const text = (...lines: string[]) => lines.map((line) => `${line}\n`).join("");
const signs = (rows: DiffRow[]) =>
  rows.map((row) =>
    row.right === undefined ? `-${row.before}` : row.left === undefined ? `+${row.after}` : ` ${row.before}`,
  );

/** Both sides rebuilt from the rows, to see that nothing is lost and numbers run on. */
function sides(rows: DiffRow[]) {
  const left = rows.filter((row) => row.left !== undefined);
  const right = rows.filter((row) => row.right !== undefined);
  expect(left.map((row) => row.left)).toEqual(left.map((_, index) => index + 1));
  expect(right.map((row) => row.right)).toEqual(right.map((_, index) => index + 1));
  return [left.map((row) => row.before), right.map((row) => row.after)];
}

describe("the difference of two texts", () => {
  it("is the shortest one", () => {
    const rows = diffLines(text("a", "b", "c", "a", "b", "b", "a"), text("c", "b", "a", "b", "a", "c"));
    expect(rows.filter(isChange)).toHaveLength(5);
    expect(sides(rows)).toEqual([
      ["a", "b", "c", "a", "b", "b", "a"],
      ["c", "b", "a", "b", "a", "c"],
    ]);
  });

  it.each([
    ["", "", []],
    ["", "a\n", ["+a"]],
    ["a\n", "", ["-a"]],
    ["a\nb", "a\nb\n", [" a", " b"]],
    ["a\nb\nc\n", "a\nc\n", [" a", "-b", " c"]],
    ["a\nc\n", "a\nb\nc\n", [" a", "+b", " c"]],
    ["a\n", "b\n", ["-a", "+b"]],
  ])("of %j and %j is %j", (before, after, expected) => {
    expect(signs(diffLines(before, after))).toEqual(expected);
  });

  it("rebuilds both sides of random texts", () => {
    let seed = 7;
    const next = (limit: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % limit;
    };
    for (let round = 0; round < 200; round += 1) {
      const lines = () => Array.from({ length: next(14) }, () => "abcd".charAt(next(4)));
      const [a, b] = [lines(), lines()];
      expect(sides(diffLines(text(...a), text(...b)))).toEqual([a, b]);
    }
  });

  it("stays quick when nothing is alike", () => {
    const many = (word: string) => Array.from({ length: 3_000 }, (_, index) => `${word}${index}`).join("\n");
    const rows = diffLines(many("a"), many("b"));
    expect(rows).toHaveLength(6_000);
  });
});

describe("showing it", () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`);
  const rows = diffLines(text(...lines), text(...lines.with(19, "changed")));

  it("folds what is far from a change", () => {
    expect(foldRows(rows).map((block) => [block.kind, block.rows.length])).toEqual([
      ["fold", 16],
      ["rows", 8],
      ["fold", 17],
    ]);
  });

  it("keeps lines with comments", () => {
    const blocks = foldRows(rows, 1, (row) => row.right === 2);
    expect(blocks[0]).toMatchObject({ kind: "rows" });
    expect(blocks[0]?.rows.map((row) => row.right)).toEqual([1, 2, 3]);
  });

  it("sets removed and added lines beside each other", () => {
    const pairs = pairRows(diffLines(text("a", "b", "c"), text("a", "x", "y", "c")));
    expect(pairs.map(([left, right]) => [left?.before ?? null, right?.after ?? null])).toEqual([
      ["a", "a"],
      ["b", "x"],
      [null, "y"],
      ["c", "c"],
    ]);
  });

  it("marks the words that changed, unless little is shared", () => {
    expect(changedSpan("temperature: 0.7", "temperature: 0.25")).toEqual({
      before: [15, 16],
      after: [15, 17],
    });
    expect(changedSpan("abc", "xyz")).toBeNull();
  });
});
