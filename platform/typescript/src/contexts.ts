/** What rules looked at when they chose for a caller: kept with what was chosen, and told in its log. */

import type { Context } from "./rules.js";
import { isObject } from "./values.js";

const MAX_BYTES = 16_000;
const MAX_LEVELS = 8;
const MAX_USER = 200;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no name may hold
const CONTROL = /[\x00-\x1f\x7f]/;

/** A context as a log tells it; undefined for none, for what is no JSON, over 16 KB or 8 levels. Never throws. */
export function told(context: Context | undefined): Context | undefined {
  try {
    const text = JSON.stringify(context, (_, value) => (typeof value === "bigint" ? String(value) : value));
    const found: unknown = text === undefined ? null : JSON.parse(text);
    const fits = isObject(found) && new TextEncoder().encode(text).length <= MAX_BYTES;
    return fits && shallow(found) ? (found as Context) : undefined;
  } catch {
    return undefined;
  }
}

function shallow(value: unknown, levels = MAX_LEVELS): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((one) => shallow(one, levels - 1));
}

/** The targeting key where it will do as the user of a log. */
export function userOf(context: Context | undefined): string | undefined {
  const key = context?.["targetingKey"];
  const fits = typeof key === "string" && key !== "" && [...key].length <= MAX_USER;
  return fits && key.isWellFormed() && !CONTROL.test(key) ? key : undefined;
}
