/** The operators of a rule, each a function that makes its closure. */

import { HASHES } from "./buckets.js";
import {
  type Compiler,
  constant,
  look,
  MAX_ITEMS,
  MAX_LOOPS,
  MAX_TEXT,
  type Maker,
  RuleError,
  type Step,
} from "./logic.js";
import { codePoints, lookedThrough, read, spend, TooMuch, weigh } from "./meter.js";
import { isObject, type Json, less, looselyEqual, number, strictlyEqual, text, truthy } from "./values.js";

const NULL = constant(null);
const MAX_WEIGHT = 2 ** 31 - 1;
type Work = (...values: unknown[]) => unknown;

function filled(steps: Step[], count: number): Step[] {
  return Array.from({ length: count }, (_, at) => steps[at] ?? NULL);
}

/** An operator whose arguments are all wanted: cut to `count` or filled up with null. */
function values(count: number | null, work: Work): Maker {
  return (compiler, args) => {
    const all = compiler.all(args);
    const steps = count === null ? all : filled(all, count);
    return (data) => work(...steps.map((step) => step(data)));
  };
}

function branches(compiler: Compiler, args: Json[]): Step {
  const steps = compiler.all(args);
  const pairs = Math.floor(steps.length / 2);
  const otherwise = (steps.length % 2 ? steps.at(-1) : undefined) ?? NULL;
  if (!pairs) return otherwise;
  return (data) => {
    for (let at = 0; at < pairs; at++) {
      if (truthy(steps[2 * at]?.(data))) return steps[2 * at + 1]?.(data) ?? null;
    }
    return otherwise(data);
  };
}

function and(compiler: Compiler, args: Json[]): Step {
  const steps = compiler.all(args);
  return (data) => {
    let value: unknown = null;
    for (const step of steps) {
      value = step(data);
      if (!truthy(value)) return value;
    }
    return value;
  };
}

function or(compiler: Compiler, args: Json[]): Step {
  const steps = compiler.all(args);
  return (data) => {
    let value: unknown = null;
    for (const step of steps) {
      value = step(data);
      if (truthy(value)) return value;
    }
    return value;
  };
}

function order(holds: (a: unknown, b: unknown) => boolean): Maker {
  return (compiler, args) => {
    const [first, second, third] = compiler.all(args.slice(0, 3));
    if (!first || !second) throw new RuleError("a comparison needs two or three values");
    return (data) => holds(first(data), second(data)) && (!third || holds(second(data), third(data)));
  };
}

const below = (a: unknown, b: unknown) => less(a, b) === true;
const atMost = (a: unknown, b: unknown) => less(b, a) === false;

/** A list of texts that stands in the rule is a part of it: looking there costs nothing. */
function among(compiler: Compiler, args: Json[]): Step {
  const [wanted, inside] = filled(compiler.all(args), 2) as [Step, Step];
  const list = inside.fixed ? inside(null) : null;
  if (!Array.isArray(list) || !list.every((one) => typeof one === "string"))
    return (data) => within(wanted(data), inside(data));
  const known = new Set<unknown>(list);
  return (data) => known.has(wanted(data));
}

function within(wanted: unknown, inside: unknown): boolean {
  if (typeof inside === "string")
    return inside !== "" && lookedThrough(inside).includes(text(wanted ?? null));
  if (!Array.isArray(inside)) return false;
  spend(inside.length);
  return inside.some((one) => strictlyEqual(wanted, one));
}

function cat(...parts: unknown[]): string {
  let made = "";
  for (const one of parts) {
    made += one === null || one === undefined ? "" : text(one);
    if (made.length > MAX_TEXT && codePoints(made) > MAX_TEXT) {
      throw new TooMuch(`cat made a text of more than ${MAX_TEXT} characters`);
    }
  }
  return lookedThrough(made);
}

function substr(source: unknown, start: unknown, length: unknown): string {
  const whole = Array.from(lookedThrough(text(source ?? null)));
  const rest = whole.slice(index(start));
  if (length === null || length === undefined) return rest.join("");
  const count = index(length);
  return rest.slice(0, count >= 0 ? count : Math.max(rest.length + count, 0)).join("");
}

function index(value: unknown): number {
  const found = number(value);
  return Number.isNaN(found) ? 0 : Math.trunc(Math.max(Math.min(found, 2 ** 31), -(2 ** 31)));
}

function merge(...parts: unknown[]): unknown[] {
  const made: unknown[] = [];
  for (const one of parts) {
    const more = Array.isArray(one) ? one : [one ?? null];
    if (made.length + more.length > MAX_ITEMS)
      throw new TooMuch(`merge made a list of more than ${MAX_ITEMS} elements`);
    made.push(...more);
  }
  return made;
}

function difference(...parts: unknown[]): number {
  const [first, second] = parts.slice(0, 2).map(number);
  if (first === undefined) return Number.NaN;
  return second === undefined ? -first : first - second;
}

function quotient(a: unknown, b: unknown): number {
  const over = number(a);
  const under = number(b);
  if (under !== 0) return over / under;
  return over === 0 ? Number.NaN : over * Number.POSITIVE_INFINITY;
}

function extreme(pick: (...found: number[]) => number): Work {
  return (...parts) => (parts.length ? pick(...parts.map(number)) : Number.NaN);
}

// Reading the context

function path(compiler: Compiler, args: Json[]): Step {
  const [where, otherwise] = filled(compiler.all(args.slice(0, 2)), 2) as [Step, Step];
  const name = where.fixed ? where(null) : undefined;
  if (typeof name === "string" && name.split(".")[0] === "$flagd") return own(compiler, name);
  if (typeof name === "string" && name && !name.includes(".")) {
    return (data) => look(data, name) ?? otherwise(data);
  }
  return (data) => walk(data, where(data)) ?? otherwise(data);
}

function own(compiler: Compiler, name: string): Step {
  if (name === "$flagd.flagKey") return constant(compiler.key);
  if (name === "$flagd.timestamp") return () => Math.trunc(compiler.clock());
  return NULL;
}

function walk(data: unknown, where: unknown): unknown {
  if (where === null || where === undefined || where === "") return data ?? null;
  let found: unknown = data;
  for (const name of read(text(where)).split(".")) {
    found = look(found, name);
    if (found === null) return null;
  }
  return found;
}

/** Paths that stand in the rule are parts of it; those of a list from elsewhere are paid for. */
function absent(data: unknown, paths: unknown[]): unknown[] {
  spend(paths.length);
  return lacking(data, paths);
}

function lacking(data: unknown, paths: unknown[]): unknown[] {
  return paths.filter((one) => {
    const found = walk(data, one);
    return found === null || found === "";
  });
}

function missing(compiler: Compiler, args: Json[]): Step {
  const steps = compiler.all(args);
  return (data) => {
    const paths = steps.map((step) => step(data));
    return Array.isArray(paths[0]) ? absent(data, paths[0]) : lacking(data, paths);
  };
}

function missingSome(compiler: Compiler, args: Json[]): Step {
  const [least, paths] = filled(compiler.all(args), 2) as [Step, Step];
  return (data) => {
    const wanted = paths(data);
    if (!Array.isArray(wanted)) return [];
    const without = absent(data, wanted);
    return wanted.length - without.length >= number(least(data)) ? [] : without;
  };
}

// Looking at every element of a list

function loop(work: (items: unknown[], each: Step, start: Step, data: unknown) => unknown): Maker {
  return (compiler, args) => {
    if (compiler.loops >= MAX_LOOPS) throw new RuleError(`loops may be nested ${MAX_LOOPS} deep`);
    if (args.length < 2) throw new RuleError("a loop needs a list and what to do with each element");
    compiler.loops++;
    const source = compiler.compile(args[0] ?? null);
    const before = compiler.steps;
    const each = compiler.compile(args[1] ?? null);
    const parts = compiler.steps - before;
    compiler.loops--;
    const start = args.length > 2 && work === fold ? compiler.compile(args[2] ?? null) : NULL;
    return (data) => work(items(source(data), parts), each, start, data);
  };
}

/** The elements, with what the loop does with them paid for: so many parts each. */
function items(value: unknown, parts: number): unknown[] {
  if (!Array.isArray(value)) return [];
  if (value.length > MAX_ITEMS) throw new TooMuch(`a loop looks at ${MAX_ITEMS} elements at most`);
  spend(value.length * parts);
  return value;
}

function fold(list: unknown[], each: Step, start: Step, data: unknown): unknown {
  let made = start(data);
  for (const current of list) made = each({ current, accumulator: made });
  return made;
}

// flagd's own

function fractional(compiler: Compiler, args: Json[]): Step {
  const first = args[0];
  if (first === undefined) throw new RuleError("fractional needs at least one share");
  const short = Array.isArray(first);
  const by = short ? shortForm(compiler.key) : compiler.compile(first);
  const shares = (short ? args : args.slice(1)).map((share) => {
    if (!Array.isArray(share) || share.length < 1 || share.length > 2) {
      throw new RuleError("a share is [value] or [value, weight]");
    }
    return [
      compiler.compile(share[0] ?? null),
      share.length === 2 ? compiler.compile(share[1] ?? null) : ONE,
    ] as const;
  });
  if (!shares.length) throw new RuleError("fractional needs at least one share");
  const bucket = HASHES[compiler.hash];
  if (!bucket) throw new RuleError(`there is no hash ${compiler.hash}`);
  if (shares.every(([, weight]) => weight.fixed)) {
    const known = shares.map(([, weight]) => weightOf(weight(null)));
    if (known.includes(null)) throw new RuleError("a weight is a whole number");
    if (sum(known as number[]) > MAX_WEIGHT)
      throw new RuleError(`the weights add up to more than ${MAX_WEIGHT}`);
  }
  return (data) => {
    const weights = shares.map(([, weight]) => weightOf(weight(data)));
    if (weights.includes(null)) return null;
    const total = sum(weights as number[]);
    if (total <= 0 || total > MAX_WEIGHT) return null;
    const who = by(data);
    weigh(who);
    const place = bucket(who, total);
    if (place === null) return null;
    let end = 0;
    for (const [at, [value]] of shares.entries()) {
      end += weights[at] ?? 0;
      if (place < end) return value(data);
    }
    return null;
  };
}

const ONE = constant(1);
const sum = (all: number[]) => all.reduce((made, one) => made + one, 0);

function shortForm(key: string): Step {
  return (data) => {
    const person = isObject(data) ? data["targetingKey"] : null;
    return typeof person === "string" && person ? [key, person] : null;
  };
}

/** A whole number; a negative one counts as 0. Null for anything else. */
function weightOf(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) ? Math.max(value, 0) : null;
}

function texts(work: (a: string, b: string) => boolean): Work {
  return (...parts) => {
    const [a, b] = parts;
    return parts.length === 2 && typeof a === "string" && typeof b === "string" ? work(a, b) : null;
  };
}

const VERSION =
  /^[vV]?(0|[1-9]\d{0,17})(?:\.(0|[1-9]\d{0,17}))?(?:\.(0|[1-9]\d{0,17}))?(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;
type Version = [bigint, bigint, bigint, string[] | null];

function version(value: unknown): Version | null {
  if ((typeof value !== "string" && typeof value !== "number") || String(value).length >= 200) return null;
  if (typeof value === "string") spend(value.length);
  const found = VERSION.exec(String(value));
  if (!found || String(value).includes("\n")) return null;
  const [, major, minor, patch, before] = found;
  return [BigInt(major ?? 0), BigInt(minor ?? 0), BigInt(patch ?? 0), before ? before.split(".") : null];
}

function compare(a: Version, b: Version): number {
  for (const at of [0, 1, 2] as const) {
    if (a[at] !== b[at]) return a[at] < b[at] ? -1 : 1;
  }
  if (!a[3] || !b[3]) return (a[3] ? -1 : 0) + (b[3] ? 1 : 0);
  for (let at = 0; at < Math.min(a[3].length, b[3].length); at++) {
    const difference = compareMarks(a[3][at] ?? "", b[3][at] ?? "");
    if (difference) return difference;
  }
  return a[3].length - b[3].length;
}

function compareMarks(a: string, b: string): number {
  const one = /^\d+$/.test(a) ? BigInt(a) : null;
  const other = /^\d+$/.test(b) ? BigInt(b) : null;
  if (one !== null && other !== null) return one < other ? -1 : one > other ? 1 : 0;
  if (one !== null || other !== null) return one !== null ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

const SEMVER: Record<string, (a: Version, b: Version) => boolean> = {
  "=": (a, b) => compare(a, b) === 0,
  "!=": (a, b) => compare(a, b) !== 0,
  "<": (a, b) => compare(a, b) < 0,
  "<=": (a, b) => compare(a, b) <= 0,
  ">": (a, b) => compare(a, b) > 0,
  ">=": (a, b) => compare(a, b) >= 0,
  "^": (a, b) => a[0] === b[0],
  "~": (a, b) => a[0] === b[0] && a[1] === b[1],
};

function semVer(...parts: unknown[]): boolean | null {
  const [left, operator, right] = parts;
  if (parts.length !== 3) return null;
  const a = version(left);
  const b = version(right);
  if (!a || !b || typeof operator !== "string") return null;
  return Object.hasOwn(SEMVER, operator) ? (SEMVER[operator]?.(a, b) ?? null) : null;
}

export const OPERATORS: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ["var", path],
  ["missing", missing],
  ["missing_some", missingSome],
  ["if", branches],
  ["?:", branches],
  ["and", and],
  ["or", or],
  ["!", values(1, (value) => !truthy(value))],
  ["!!", values(1, truthy)],
  ["==", values(2, looselyEqual)],
  ["!=", values(2, (a, b) => !looselyEqual(a, b))],
  ["===", values(2, strictlyEqual)],
  ["!==", values(2, (a, b) => !strictlyEqual(a, b))],
  ["<", order(below)],
  ["<=", order(atMost)],
  [">", order((a, b) => below(b, a))],
  [">=", order((a, b) => atMost(b, a))],
  ["+", values(null, (...parts) => sum(parts.map(number)))],
  ["*", values(null, (...parts) => parts.map(number).reduce((made, one) => made * one, 1))],
  ["-", values(null, difference)],
  ["/", values(2, quotient)],
  ["%", values(2, (a, b) => number(a) % number(b))],
  ["min", values(null, extreme(Math.min))],
  ["max", values(null, extreme(Math.max))],
  ["in", among],
  ["cat", values(null, cat)],
  ["substr", values(3, substr)],
  ["merge", values(null, merge)],
  ["map", loop((list, each) => list.map((one) => each(one)))],
  ["filter", loop((list, each) => list.filter((one) => truthy(each(one))))],
  ["reduce", loop(fold)],
  ["all", loop((list, each) => list.length > 0 && list.every((one) => truthy(each(one))))],
  ["some", loop((list, each) => list.some((one) => truthy(each(one))))],
  ["none", loop((list, each) => !list.some((one) => truthy(each(one))))],
  ["fractional", fractional],
  [
    "starts_with",
    values(
      null,
      texts((a, b) => a.startsWith(b)),
    ),
  ],
  [
    "ends_with",
    values(
      null,
      texts((a, b) => a.endsWith(b)),
    ),
  ],
  ["sem_ver", values(null, semVer)],
]);
