import { queryOptions } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import type { components } from "@/api/schema";
import { settingName } from "@/features/prompts/settings";
import { type Draft, draftQuery, useDraftAct } from "./drafts";

type Schemas = components["schemas"];
export type Resolution = Schemas["ResolutionDetail"];
export type ConflictFile = Schemas["ConflictFile"];
export type ConflictUnit = Schemas["ConflictUnit"];
export type Pick = "main" | "draft" | "both" | "own";

/** What is decided for one place; `text` goes with "own". */
export interface Choice {
  pick: Pick;
  text: string;
}

/** What is decided for one file: place by place, or as a text for the whole of it. */
export interface Decision {
  units: Record<number, Choice>;
  text: string | null;
}

export const UNDECIDED: Decision = { units: {}, text: null };

const at = (project: string, number: number) => ({ params: { path: { project, number } } });

export function resolutionQuery(project: string, draft: Draft) {
  const { number, head_commit, mergeable } = draft;
  return queryOptions({
    queryKey: [...draftQuery(project, number).queryKey, "resolution", head_commit, mergeable.onto],
    queryFn: () =>
      take(client.GET("/api/v1/projects/{project}/drafts/{number}/resolution", at(project, number))),
  });
}

export function useResolve(project: string, number: number, done: (draft: Draft) => void) {
  return useDraftAct(
    project,
    (body: Schemas["NewResolutionRequest"]) =>
      take(
        client.POST("/api/v1/projects/{project}/drafts/{number}/resolution", {
          ...at(project, number),
          body,
        }),
      ),
    done,
  );
}

export function useUpdateFromMain(project: string, number: number, done: (draft: Draft) => void) {
  return useDraftAct(
    project,
    (expected_head: string) =>
      take(
        client.POST("/api/v1/projects/{project}/drafts/{number}/update", {
          ...at(project, number),
          body: { expected_head, expected_main: "" },
        }),
      ),
    done,
  );
}

/** What the sides of a conflict are called, and what taking them is called. */
export interface SideWords {
  base: string;
  main: string;
  draft: string;
  takeMain: string;
  takeDraft: string;
  takeBoth: string;
  /** What happened. */
  happened: string;
}

const ABOUT_MAIN: SideWords = {
  base: "Before both",
  main: "On main",
  draft: "In this draft",
  takeMain: "Keep what is on main",
  takeDraft: "Take this draft's",
  takeBoth: "Take both, main's first",
  happened: "Main changed the same places after this draft began.",
};

const ABOUT_REVERT: SideWords = {
  base: "Right after the change",
  main: "What it is now",
  draft: "What it would be after taking the change back",
  takeMain: "Keep what it is now",
  takeDraft: "Take the change back here",
  takeBoth: "Keep both, today's first",
  happened: "These places were changed again after the change that this draft takes back.",
};

/** A draft that takes a change back is, until it has main's later changes, about what came after that change. */
export function sideWords(draft: { reverts: string; base_commit: string }): SideWords {
  return draft.reverts !== "" && draft.reverts === draft.base_commit ? ABOUT_REVERT : ABOUT_MAIN;
}

/** The text that a choice puts at a place; null: nothing is there, or the file goes. */
export function chosenText(unit: ConflictUnit, choice: Choice): string | null {
  return choice.pick === "own" ? ownText(unit, choice.text) : unit[choice.pick];
}

const gapOf = (text: string) => /[ \t\r\n]*$/.exec(text)?.[0] ?? "";
const indentOf = (text: string) => /(?:^|\n)([ \t]*)[^\s]/.exec(text)?.[1] ?? "";
const lineEnds = (text: string) => text.split("\n").length - 1;

/**
 * A text of one's own, kept apart from what follows as the sides are: as `Unit.own` on the server, which decides.
 * It gets their line ends or blank where it has fewer, and a setting without any indent gets theirs.
 */
function ownText(unit: ConflictUnit, typed: string): string {
  const sides = [unit.draft, unit.main, unit.base].filter((side) => side?.trim()) as string[];
  const [first] = sides;
  if (!typed.trim() || first === undefined) return typed;
  const shift = unit.kind === "setting" && !indentOf(typed) ? indentOf(first) : "";
  const text = shift ? typed.replace(/(^|\n)(?=[^\r\n])/g, `$1${shift}`) : typed;
  const gap = sides.map(gapOf).find(Boolean) ?? "";
  const there = gapOf(text);
  if (lineEnds(there) >= lineEnds(gap) && (there || !gap)) return text;
  return text.slice(0, text.length - there.length) + gap;
}

/** The places of a file that are not decided yet. */
export function openPlaces(file: ConflictFile, decision: Decision): ConflictUnit[] {
  if (decision.text !== null) return [];
  return file.units.filter((unit) => !decision.units[unit.number]);
}

/** The file as decided; undefined while a place is open or the file goes. */
export function mergedText(file: ConflictFile, decision: Decision): string | undefined {
  if (decision.text !== null) return decision.text;
  const texts = file.pieces.map((piece) => {
    if (piece.unit === null) return piece.text ?? "";
    const unit = file.units.find((one) => one.number === piece.unit);
    const choice = decision.units[piece.unit];
    return unit && choice ? chosenText(unit, choice) : undefined;
  });
  if (texts.includes(undefined) || (texts.length === 1 && texts[0] === null)) return undefined;
  return texts.join("");
}

/** The files that have a text now, in their order; adapters have none. */
export function mergedTexts(
  files: ConflictFile[],
  decisions: Record<string, Decision>,
): { path: string; text: string }[] {
  return files.flatMap((file) => {
    const text = file.writable ? mergedText(file, decisions[file.path] ?? UNDECIDED) : undefined;
    return text === undefined ? [] : [{ path: file.path, text }];
  });
}

/** What is sent: files about which nothing was decided are left out. */
export function sentDecisions(
  files: ConflictFile[],
  decisions: Record<string, Decision>,
): Record<string, Decision> {
  const decided = files.filter((file) => decisions[file.path]).map((file) => file.path);
  return Object.fromEntries(decided.map((path) => [path, decisions[path] ?? UNDECIDED]));
}

const ROLES: Record<string, string> = {
  system: "system message",
  user: "user message",
  model: "model message",
  tool: "tool message",
  history: "conversation so far",
};

const named = (key: string) => {
  const name = key.startsWith("config.") && settingName(key.slice(7));
  return name ? `“${name}”` : key;
};

/** Where a place is, in words: "Setting config.temperature", "In the user message 2, line 14". */
export function placeWords(unit: ConflictUnit): string {
  const lines = unit.main_lines ?? unit.draft_lines ?? unit.base_lines;
  const line = lines ? `, line ${lines.first}` : "";
  if (unit.kind === "file") return "The whole file";
  if (unit.kind === "adapter") return "The whole adapter";
  if (unit.kind === "setting")
    return `${unit.where ? `Setting ${named(unit.where)}` : "All settings"}${line}`;
  const [role = "", count = "1"] = unit.where.split(" ");
  const name = `${ROLES[role] ?? role}${count === "1" ? "" : ` ${count}`}`;
  if (unit.kind === "message") return `The whole ${name}${line}`;
  return `${role ? `In the ${name}` : "In the text"}${line}`;
}
