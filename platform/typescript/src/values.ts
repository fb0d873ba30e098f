/** Values as JSONLogic sees them. JavaScript's own conversions, with the two places where JSONLogic leaves them. */

import { lookedThrough, read, weigh } from "./meter.js";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An empty list is false, an empty object true. */
export function truthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

export function number(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (isObject(value)) return Number.NaN;
  if (Array.isArray(value)) return value.length > 1 ? Number.NaN : Number(read(text(value)));
  return Number(typeof value === "string" ? read(value) : value);
}

export function text(value: unknown): string {
  if (value === undefined) return "null";
  if (!Array.isArray(value)) return isObject(value) ? "[object Object]" : String(value);
  weigh(value);
  return textOfList(value);
}

function textOfList(items: unknown[]): string {
  const parts = items.map((one) =>
    one === null || one === undefined ? "" : Array.isArray(one) ? textOfList(one) : text(one),
  );
  return parts.join(",");
}

function simple(value: unknown): unknown {
  return typeof value === "object" && value !== null ? text(value) : value;
}

/** `==`, but that two lists or objects are never equal. */
export function looselyEqual(a: unknown, b: unknown): boolean {
  const one = a ?? null;
  const other = b ?? null;
  if (one === null || other === null) return one === other;
  if (typeof one === "object" && typeof other === "object") return false;
  const left = simple(one);
  const right = simple(other);
  if (typeof left === typeof right) return left === right;
  return number(left) === number(right);
}

export function strictlyEqual(a: unknown, b: unknown): boolean {
  const one = a ?? null;
  const other = b ?? null;
  if ((typeof one === "object" && one !== null) || (typeof other === "object" && other !== null))
    return false;
  return one === other;
}

/** `a < b`: texts by code points, all else as numbers; null where one is not a number. */
export function less(a: unknown, b: unknown): boolean | null {
  const left = simple(a ?? null);
  const right = simple(b ?? null);
  if (typeof left === "string" && typeof right === "string")
    return byCodePoints(lookedThrough(left), lookedThrough(right)) < 0;
  const one = number(left);
  const other = number(right);
  return Number.isNaN(one) || Number.isNaN(other) ? null : one < other;
}

/** The order of two texts by code points; JavaScript's own is by UTF-16 units. */
export function byCodePoints(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at++) {
    const one = a.charCodeAt(at);
    const other = b.charCodeAt(at);
    if (one !== other) {
      const surrogates = one >= 0xd800 && one < 0xe000;
      if (surrogates === (other >= 0xd800 && other < 0xe000)) return one - other;
      // A pair stands for a code point above all that fit one unit; the units above it do not.
      return surrogates ? 1 : -1;
    }
  }
  return a.length - b.length;
}
