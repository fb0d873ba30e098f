import { queryOptions } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type Comparison = Schemas["FileComparison"];
export type Passage = Schemas["Passage"];
export type Span = Schemas["Span"];
export type Row = Schemas["ComparisonRow"];
export type Consequence = Schemas["Consequence"];
export type Blame = Schemas["Blame"];
export type MessageStep = Schemas["MessageStep"];

/** What changed in one file that the answer about all files left out; `base` null compares with nothing. */
export function comparisonQuery(project: string, base: string | null, head: string, path: string) {
  return queryOptions({
    queryKey: key(project, "files", "comparison", base, head, path),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/comparison", {
          params: { path: { project }, query: { ...(base ? { base } : {}), head, path } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Who wrote each line, and each message of a prompt. */
export function blameQuery(project: string, ref: string, path: string) {
  return queryOptions({
    queryKey: key(project, "files", "blame", ref, path),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/blame", {
          params: { path: { project }, query: { ref, path } },
        }),
      ),
  });
}

/** How one message of a prompt came to be what it is. */
export function messageHistoryQuery(project: string, ref: string, path: string, message: number) {
  return queryOptions({
    queryKey: key(project, "files", "message-history", ref, path, message),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/message-history", {
          params: { path: { project }, query: { ref, path, message } },
        }),
      ),
  });
}

const ROLES: Record<string, string> = {
  system: "System",
  user: "User",
  model: "Model",
  assistant: "Model",
  tool: "Tool",
  history: "The conversation so far",
};

/** How people call who speaks in a message. */
export function roleName(role: string): string {
  return ROLES[role] ?? role;
}

/** A line of one side of a difference. */
export interface Place {
  side: "old" | "new";
  line: number;
}

/** Where a remark on a message is kept: the first of its lines that changed, not the mark of who speaks. */
export function commentPlace(passage: Passage): Place | null {
  const side = passage.new_lines ? "new" : "old";
  const [first, last] = passage.new_lines ?? passage.old_lines ?? [];
  if (first === undefined || last === undefined) return null;
  const other = side === "new" ? "removed" : "added";
  const shown = passage.spans.filter((span) => span.kind !== other);
  const length = breaks(shown.map((span) => span.text).join(""));
  const at = passage.spans.findIndex((span) => span.kind !== "same");
  const same = passage.state === "changed" ? passage.spans.slice(0, Math.max(0, at)) : [];
  const lead = /^\s*/.exec(passage.spans[at]?.text ?? "")?.[0] ?? "";
  const before = breaks(same.map((span) => span.text).join("") + (same.length > 0 ? lead : ""));
  return { side, line: Math.min(last, Math.max(first, last - length + before)) };
}

function breaks(text: string): number {
  return text.split("\n").length - 1;
}

/** A long text that stayed, cut to its ends; null when it is short enough to be read. */
export function cutSame(text: string, keep = 160): { start: string; end: string; hidden: number } | null {
  if (text.length <= keep * 3) return null;
  const from = breakNear(text, keep);
  const to = text.length - breakNear([...text].reverse().join(""), keep);
  if (to - from < keep) return null;
  return { start: text.slice(0, from), end: text.slice(to), hidden: to - from };
}

function breakNear(text: string, at: number): number {
  const found = text.slice(at, at + 60).search(/\s/);
  return found < 0 ? at : at + found;
}

/** Unchanged passages in a row are one block that can be folded. */
export type PassageBlock = { kind: "shown"; passage: Passage } | { kind: "folded"; passages: Passage[] };

export function foldPassages(
  passages: readonly Passage[],
  keep: (passage: Passage) => boolean,
): PassageBlock[] {
  const blocks: PassageBlock[] = [];
  for (const passage of passages) {
    const last = blocks.at(-1);
    if (passage.state !== "same" || passage.moved || keep(passage)) blocks.push({ kind: "shown", passage });
    else if (last?.kind === "folded") last.passages.push(passage);
    else blocks.push({ kind: "folded", passages: [passage] });
  }
  return blocks;
}
