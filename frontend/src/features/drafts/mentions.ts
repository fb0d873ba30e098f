import type { Member } from "@/features/settings/members";

/** Groups that a text can call, as the server knows them. */
export const GROUPS = [
  { handle: "maintainers", name: "Maintainers and owners" },
  { handle: "owners", name: "Owners" },
  { handle: "editors", name: "Everybody who may edit" },
  { handle: "everyone", name: "Everybody in the project" },
];

export interface Callable {
  handle: string;
  name: string;
}

const ASKED = /(?:^|[\s(])@([\w.+-]*)$/u;
const CALLED = /(?<![\w@./])@(\w[\w.+-]*(?:@[\w.-]+)?)/gu;

/** What is typed after an @ before the cursor; null when nobody is being called. */
export function askedFor(text: string, cursor: number): string | null {
  return ASKED.exec(text.slice(0, cursor))?.[1] ?? null;
}

/** People and groups whose handle or name begins with the letters, people first; at most six. */
export function fitting(asked: string, members: Member[]): Callable[] {
  const wanted = asked.toLowerCase();
  const people = members.map(({ handle, user }) => ({ handle, name: user.name }));
  const begins = (word: string) => word.toLowerCase().startsWith(wanted);
  return [
    ...people.filter(({ handle, name }) => [handle, ...name.split(/\s+/)].some(begins)),
    ...GROUPS.filter(({ handle }) => begins(handle)),
  ].slice(0, 6);
}

/** The text with the asked letters before the cursor written out, and where the cursor is then. */
export function written(text: string, cursor: number, handle: string): { text: string; cursor: number } {
  const asked = askedFor(text, cursor) ?? "";
  const before = `${text.slice(0, cursor - asked.length)}${handle} `;
  return { text: before + text.slice(cursor).replace(/^ /, ""), cursor: before.length };
}

/** A text cut into plain pieces and calls of somebody who is here. */
export function pieces(text: string, known: ReadonlySet<string>): { text: string; call: boolean }[] {
  const found: { text: string; call: boolean }[] = [];
  let from = 0;
  for (const match of text.matchAll(CALLED)) {
    const name = (match[1] ?? "").replace(/[.+-]+$/, "");
    if (!known.has(name.toLowerCase())) continue;
    found.push({ text: text.slice(from, match.index), call: false });
    from = match.index + 1 + name.length;
    found.push({ text: text.slice(match.index, from), call: true });
  }
  return [...found, { text: text.slice(from), call: false }].filter((piece) => piece.text !== "");
}
