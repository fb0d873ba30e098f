import { expect, test } from "vitest";
import { commentPlace, cutSame, foldPassages, type Passage } from "./comparison";

const passage = (state: Passage["state"], more: Partial<Passage> = {}): Passage => ({
  state,
  role: "user",
  old_role: "user",
  old_index: 1,
  new_index: 1,
  old_lines: [1, 2],
  new_lines: [1, 2],
  moved: false,
  spans: [],
  ...more,
});

test("unchanged messages in a row fold into one, but not those that are wanted or moved", () => {
  const all = [
    passage("same"),
    passage("same"),
    passage("changed"),
    passage("same", { moved: true }),
    passage("same"),
  ];
  const shape = foldPassages(all, () => false).map((block) =>
    block.kind === "folded" ? block.passages.length : block.passage.state,
  );
  expect(shape).toEqual([2, "changed", "same", 1]);
  expect(foldPassages(all, () => true).every((block) => block.kind === "shown")).toBe(true);
});

test("long unchanged text is cut between words, and nothing is lost", () => {
  expect(cutSame("short")).toBeNull();
  const text = "word ".repeat(400);
  const cut = cutSame(text);
  expect(cut && cut.start.length + cut.hidden + cut.end.length).toBe(text.length);
  expect(text.startsWith(cut?.start ?? "?")).toBe(true);
  expect(text.endsWith(cut?.end ?? "?")).toBe(true);
  expect(cut?.start.endsWith("word")).toBe(true);
});

test("a remark on a message stands at the first line that changed, below the mark of who speaks", () => {
  const spans: Passage["spans"] = [
    { kind: "same", text: "One.\nTwo" },
    { kind: "added", text: ", kindly" },
    { kind: "same", text: ".\nThree." },
  ];
  expect(commentPlace(passage("changed", { new_lines: [10, 13], spans }))).toEqual({ side: "new", line: 12 });
  const added: Passage["spans"] = [{ kind: "added", text: "Hi\nthere" }];
  expect(commentPlace(passage("added", { old_lines: null, new_lines: [4, 6], spans: added }))).toEqual({
    side: "new",
    line: 5,
  });
  const gone: Passage["spans"] = [{ kind: "removed", text: "Hi" }];
  expect(commentPlace(passage("removed", { new_lines: null, old_lines: [7, 8], spans: gone }))).toEqual({
    side: "old",
    line: 8,
  });
  expect(commentPlace(passage("same", { new_lines: [3, 3], spans: [] }))).toEqual({ side: "new", line: 3 });
});
