/** What a list of logs may be narrowed by, as it stands in the address. */
export interface LogSearch {
  prompt?: string;
  environment?: string;
  commit?: string;
  variant?: string;
  model?: string;
  status?: string;
  tag?: string;
  user?: string;
  session?: string;
  score?: string;
  score_above?: string;
  score_below?: string;
  latency_above?: string;
  latency_below?: string;
  text?: string;
  /** How far back: 1h, 24h, 7d, 30d; nothing is all that is kept. Or a brushed range in from and to. */
  range?: string;
  from?: string;
  to?: string;
  /** The open log. */
  log?: string;
}

export const NAMES = [
  "prompt",
  "environment",
  "commit",
  "variant",
  "model",
  "status",
  "tag",
  "user",
  "session",
  "score",
  "score_above",
  "score_below",
  "latency_above",
  "latency_below",
  "text",
] as const;
export type Name = (typeof NAMES)[number];

const SHORT: Record<string, Name> = {
  env: "environment",
  p: "prompt",
  "latency>": "latency_above",
  "latency<": "latency_below",
  "score>": "score_above",
  "score<": "score_below",
};

export const RANGES = [
  { value: "1h", label: "Last hour", hours: 1 },
  { value: "24h", label: "Last 24 hours", hours: 24 },
  { value: "7d", label: "Last 7 days", hours: 168 },
  { value: "30d", label: "Last 30 days", hours: 720 },
  { value: "", label: "All that is kept", hours: null },
];

const SEARCH_KEYS = [...NAMES, "range", "from", "to", "log"] as const;

/** The address's search, with nothing in it that is not known. */
export function readSearch(search: Record<string, unknown>): LogSearch {
  const found: Record<string, string> = {};
  for (const name of SEARCH_KEYS) {
    const value = search[name];
    if (value !== undefined && value !== null && value !== "") found[name] = String(value);
  }
  return found;
}

/** What a person typed: `prompt:triage env:production latency>1000`; other words are a text to look for. */
export function readTyped(typed: string): LogSearch {
  const found: Record<string, string> = {};
  const words: string[] = [];
  for (const part of typed.match(/[\w>]+[:<>]"[^"]*"|\S+/g) ?? []) {
    const match = /^(\w+)(:|>|<)"?([^"]*)"?$/.exec(part);
    const head = match ? (match[2] === ":" ? (match[1] ?? "") : `${match[1]}${match[2]}`) : "";
    const name = SHORT[head] ?? NAMES.find((item) => item === head);
    if (match?.[3] && name) found[name] = match[3];
    else words.push(part);
  }
  if (words.length > 0) found["text"] = words.join(" ");
  return found;
}

/** The set filters, for chips. */
export function chipsOf(search: LogSearch): { name: Name; words: string }[] {
  return NAMES.flatMap((name) => (search[name] ? [{ name, words: chipWords(name, search[name]) }] : []));
}

function chipWords(name: Name, value: string): string {
  if (name.endsWith("_above")) return `${name.replace("_above", "")} > ${value}`;
  if (name.endsWith("_below")) return `${name.replace("_below", "")} < ${value}`;
  return `${name}: ${name === "commit" ? value.slice(0, 10) : value}`;
}

/** The filter as the API takes it. `now` is cut to the minute, so that the same page asks the same question. */
export function apiFilter(search: LogSearch, now = new Date()): Record<string, string> {
  const query: Record<string, string> = {};
  for (const name of NAMES) {
    if (search[name]) query[name] = search[name];
  }
  const hours = RANGES.find((item) => item.value === (search.range ?? "24h"))?.hours;
  if (search.from && search.to) {
    query["from"] = search.from;
    query["to"] = search.to;
  } else if (hours) {
    query["from"] = new Date(Math.floor(now.getTime() / 60_000) * 60_000 - hours * 3_600_000).toISOString();
  }
  return query;
}
