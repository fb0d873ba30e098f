/** The document of rules as the server has it: flagd's flags by key, and segments that they share. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

export interface RuleDocument {
  flags: Record<string, Json>;
  $evaluators?: Record<string, Json>;
  [other: string]: unknown;
}

export const EMPTY: RuleDocument = { flags: {} };
export const LIVE = "live";
export const KEY = /^[A-Za-z][A-Za-z0-9._-]{0,99}$/;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two JSON values are the same; the order of an object's members does not count. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => same(x, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && same(a[name], b[name]));
}

/** The keys of the rules in the order in which they are asked: by `metadata.order`, then by key. */
export function keysInOrder(document: RuleDocument): string[] {
  const place = (key: string) => {
    const flag = document.flags[key];
    const metadata = isObject(flag) ? flag["metadata"] : null;
    const order = isObject(metadata) ? metadata["order"] : null;
    return typeof order === "number" ? order : 0;
  };
  return Object.keys(document.flags).sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

/** The document with its rules numbered in this order. */
function numbered(document: RuleDocument, entries: [string, Json][]): RuleDocument {
  const flags = entries.map(([key, flag], index) => {
    if (!isObject(flag)) return [key, flag];
    const metadata = isObject(flag["metadata"]) ? flag["metadata"] : {};
    return [key, { ...flag, metadata: { ...metadata, order: index + 1 } }];
  });
  return { ...document, flags: Object.fromEntries(flags) };
}

function inOrder(document: RuleDocument): [string, Json][] {
  return keysInOrder(document).map((key) => [key, document.flags[key] ?? null]);
}

/** The document with one rule put (null: taken away). A rule under a new key takes the place of `old`. */
export function withRule(
  document: RuleDocument,
  key: string,
  flag: Json | null,
  old: string = key,
): RuleDocument {
  const entries = inOrder(document);
  const at = entries.findIndex(([name]) => name === old);
  const others = entries.filter(([name]) => name !== old && name !== key);
  if (flag !== null) others.splice(at < 0 ? others.length : at, 0, [key, flag]);
  return numbered(document, others);
}

/** The document with one rule a place up (-1) or down (1). */
export function withMoved(document: RuleDocument, key: string, by: -1 | 1): RuleDocument {
  const entries = inOrder(document);
  const at = entries.findIndex(([name]) => name === key);
  const [moved] = at < 0 ? [] : entries.splice(at, 1);
  if (!moved) return document;
  entries.splice(Math.max(0, at + by), 0, moved);
  return numbered(document, entries);
}

/** The document as JSON for reading: its rules in their order. */
export function asText(document: RuleDocument): string {
  const { flags: _, ...rest } = document;
  return JSON.stringify({ ...rest, flags: Object.fromEntries(inOrder(document)) }, null, 2);
}

/** The document with one segment put (null: taken away); under a new name, those who refer to it follow. */
export function withSegment(
  document: RuleDocument,
  name: string,
  condition: Json | null,
  old: string = name,
): RuleDocument {
  const segments = Object.fromEntries(
    Object.entries(document.$evaluators ?? {}).filter(([each]) => each !== old),
  );
  if (condition !== null) segments[name] = condition;
  const { $evaluators: _, ...rest } = document;
  const made: RuleDocument = Object.keys(segments).length ? { ...rest, $evaluators: segments } : rest;
  return old !== name && condition !== null ? renamed(made, old, name) : made;
}

function renamed(document: RuleDocument, old: string, name: string): RuleDocument {
  const walk = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isObject(value)) return value;
    if (value["$ref"] === old) return { ...value, $ref: name };
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]));
  };
  const { flags, $evaluators = {} } = document;
  const targeted = Object.entries(flags).map(([key, flag]) => [
    key,
    isObject(flag) && flag["targeting"] !== undefined
      ? { ...flag, targeting: walk(flag["targeting"]) }
      : flag,
  ]);
  const segments = Object.entries($evaluators).map(([key, condition]) => [key, walk(condition)]);
  return { ...document, flags: Object.fromEntries(targeted), $evaluators: Object.fromEntries(segments) };
}

/** The keys of the rules that name a segment, and the names of the segments that do. */
export function usersOf(document: RuleDocument, segment: string): string[] {
  const names = (value: unknown): boolean =>
    Array.isArray(value)
      ? value.some(names)
      : isObject(value) && (value["$ref"] === segment || Object.values(value).some(names));
  const all = { ...document.flags, ...document.$evaluators };
  return Object.keys(all).filter((key) => key !== segment && names(all[key]));
}
