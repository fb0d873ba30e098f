import { describe, expect, it } from "vitest";
import {
  type ConflictFile,
  type ConflictUnit,
  chosenText,
  mergedText,
  openPlaces,
  placeWords,
  sentDecisions,
  UNDECIDED,
} from "./resolution";

const unit: ConflictUnit = {
  number: 1,
  kind: "text",
  where: "user 2",
  base: "Be kind.\n",
  main: "Be funny.\n",
  draft: "Be nice.\n",
  both: "Be funny.\nBe nice.\n",
  base_lines: { first: 4, last: 4 },
  main_lines: { first: 5, last: 5 },
  draft_lines: { first: 4, last: 4 },
};
const file: ConflictFile = {
  path: "prompts/a.prompt",
  writable: true,
  units: [unit],
  pieces: [
    { text: "Sort.\n", unit: null },
    { text: null, unit: 1 },
    { text: "End.\n", unit: null },
  ],
  problems: [],
};

describe("a resolution", () => {
  it("has no text until every place is decided", () => {
    expect(mergedText(file, UNDECIDED)).toBeUndefined();
    expect(openPlaces(file, UNDECIDED)).toEqual([unit]);
  });

  it.each([
    ["main", "Sort.\nBe funny.\nEnd.\n"],
    ["both", "Sort.\nBe funny.\nBe nice.\nEnd.\n"],
    ["own", "Sort.\nMine.\nEnd.\n"],
  ] as const)("puts what was picked (%s) in its place", (pick, text) => {
    const decision = { units: { 1: { pick, text: "Mine.\n" } }, text: null };
    expect(mergedText(file, decision)).toBe(text);
    expect(openPlaces(file, decision)).toEqual([]);
  });

  it.each([
    ["setting", "  a: 1\n", "  a: 2", "  a: 2\n"],
    ["setting", "  a: 1\n", "a: 2", "  a: 2\n"],
    ["setting", "  a:\n  - x\n", "a:\n- y\n- z", "  a:\n  - y\n  - z\n"],
    ["setting", "1", "2", "2"],
    ["message", '{{role "user"}}\nHi.\n\n', '{{role "user"}}\nHey.\n', '{{role "user"}}\nHey.\n\n'],
    ["text", "Say it. ", "Tell it.", "Tell it. "],
    ["text", "Say it. ", "Tell it.\n\n", "Tell it.\n\n"],
    ["text", "Say it.\n", "Tell it.  ", "Tell it.\n"],
    ["text", "Say it.\n", "", ""],
    ["file", "All.\n", "New.", "New.\n"],
  ] as const)("keeps one's own %s apart from what follows: %j, typed %j", (kind, draft, text, expected) => {
    const place = { ...unit, kind, base: null, main: draft, draft };
    expect(chosenText(place, { pick: "own", text })).toBe(expected);
    const gone = { ...place, base: draft, main: null, draft: "" };
    expect(chosenText(gone, { pick: "own", text })).toBe(expected);
  });

  it("takes a text for the whole file", () => {
    const decision = { units: {}, text: "All new.\n" };
    expect(mergedText(file, decision)).toBe("All new.\n");
    expect(sentDecisions([file], { [file.path]: decision })).toEqual({
      [file.path]: { units: {}, text: "All new.\n" },
    });
  });

  it("has no text for a file that goes", () => {
    const gone: ConflictUnit = { ...unit, kind: "file", main: null };
    const whole = { ...file, units: [gone], pieces: [{ text: null, unit: 1 }] };
    expect(mergedText(whole, { units: { 1: { pick: "main", text: "" } }, text: null })).toBeUndefined();
  });

  it("says where a place is", () => {
    expect(placeWords(unit)).toBe("In the user message 2, line 5");
    expect(placeWords({ ...unit, kind: "setting", where: "config.temperature" })).toBe(
      "Setting config.temperature, line 5",
    );
    expect(placeWords({ ...unit, kind: "setting", where: "config.max_output_tokens" })).toBe(
      "Setting “Longest answer, in tokens”, line 5",
    );
    expect(placeWords({ ...unit, where: "system 1" })).toBe("In the system message, line 5");
  });
});
