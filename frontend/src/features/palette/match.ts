export interface Entry {
  id: string;
  /** Heading: "Go to", "Prompts & files", "Drafts". */
  group: string;
  label: string;
  /** Small words behind the label. */
  hint?: string;
  /** Words that match too, but are not shown. */
  also?: string;
}

/** How well a text fits what was typed, 0 for not at all: every word must begin a word, or stand inside one for less. */
export function score(entry: Entry, typed: string): number {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${entry.label} ${entry.hint ?? ""} ${entry.also ?? ""}`.toLowerCase();
  let total = 1;
  for (const word of words) {
    const at = text.indexOf(word);
    if (at < 0) return 0;
    const begins = new RegExp(`(^|[^\\p{L}\\p{N}])${literal(word)}`, "u").test(text);
    total += (begins ? 10 : 3) + (at === 0 ? 5 : 0) - Math.min(at, 40) / 40;
  }
  return total;
}

function literal(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The entries that fit, best first inside each group, groups by their best; at most `most` of them. */
export function best<E extends Entry>(entries: E[], typed: string, most = 40): E[] {
  if (!typed.trim()) return entries.slice(0, most);
  const scored = entries
    .map((entry) => ({ entry, score: score(entry, typed) }))
    .filter((item) => item.score > 0);
  const top = new Map<string, number>();
  for (const { entry, score } of scored) top.set(entry.group, Math.max(score, top.get(entry.group) ?? 0));
  const groups = [...new Set(entries.map((entry) => entry.group))];
  const rank = (entry: E) => [-(top.get(entry.group) ?? 0), groups.indexOf(entry.group)] as const;
  scored.sort((a, b) => {
    const [left, right] = [rank(a.entry), rank(b.entry)];
    return left[0] - right[0] || left[1] - right[1] || b.score - a.score;
  });
  return scored.slice(0, most).map((item) => item.entry);
}
