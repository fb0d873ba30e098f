interface EventWords {
  kind: string;
  subject_kind: string;
  subject_id: string;
}

/** "draft.merged" about draft 12 -> "Draft #12 merged"; "api_key.created" -> "API key created". */
export function sentenceOf(event: EventWords): string {
  const [noun = "", ...rest] = event.kind.split(".");
  const words = noun === "api_key" ? "API key" : capital(noun.replaceAll("_", " "));
  const act = rest.join(" ").replaceAll("_", " ");
  const named = event.subject_id && event.subject_kind === noun && noun !== "api_key" && noun !== "member";
  const name = named ? ` ${/^\d+$/.test(event.subject_id) ? "#" : ""}${event.subject_id}` : "";
  return `${words}${name} ${act}`.trim();
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The facts of an event in one line: "role editor · by key"; long hashes are cut as `Id` cuts them. */
export function factsOf(data: unknown): string {
  if (!data || typeof data !== "object") return "";
  const { before, after, ...rest } = data as Record<string, unknown>;
  const changed = isRecord(after) ? changesOf(isRecord(before) ? before : {}, after) : [];
  const others = isRecord(after) ? rest : data;
  return [...changed, ...plainFacts(others)].join(" · ");
}

/** "required approvals 0 → 2": what a change made of each thing that it changed. */
function changesOf(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  return Object.entries(after).map(
    ([name, value]) => `${name.replaceAll("_", " ")} ${state(before[name])} → ${state(value)}`,
  );
}

function state(value: unknown): string {
  if (value === true) return "yes";
  if (value === false) return "no";
  const empty = value === null || value === undefined || value === "";
  return empty || (Array.isArray(value) && value.length === 0) ? "none" : inWords(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function plainFacts(data: object): string[] {
  return Object.entries(data)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${inWords(value)}`);
}

function inWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(inWords).join(", ");
  if (value && typeof value === "object") return JSON.stringify(value);
  const text = String(value);
  return /^[0-9a-f]{40,64}$/.test(text) ? text.slice(0, 8) : text;
}
