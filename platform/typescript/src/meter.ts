/** What a decision takes, counted while it is made; the steps are those of `meter.py` of the SDK for Python. */

export const MAX_SPENT = 100_000;
/** Characters of a text that cost nothing. */
const FREE = 256;
let rest = MAX_SPENT;

/** An evaluation that would do more work than a rule may. */
export class TooMuch extends Error {}

export function start(): void {
  rest = MAX_SPENT;
}

/** How many steps the present decision may still take. */
export const left = (): number => rest;

export function spend(steps: number): void {
  rest -= steps;
  if (rest < 0) throw new TooMuch(`a decision may take ${MAX_SPENT} steps`);
}

/** Code points, counted only where they matter. */
function long(text: string): number {
  if (text.length <= FREE) return 0;
  const count = codePoints(text);
  return count > FREE ? count : 0;
}

export function codePoints(text: string): number {
  let count = text.length;
  for (let at = 0; at + 1 < text.length; at++) {
    const one = text.charCodeAt(at);
    if (one < 0xd800 || one > 0xdbff) continue;
    const next = text.charCodeAt(at + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      count--;
      at++;
    }
  }
  return count;
}

/** The text, paid for as one that is copied or searched. */
export function lookedThrough(text: string): string {
  const count = long(text);
  if (count) spend(count >> 3);
  return text;
}

/** The text, paid for as one that is read as a number or a path. */
export function read(text: string): string {
  const count = long(text);
  if (count) spend(count);
  return text;
}

/** Pay for all that a value holds; a list that holds another one twice pays twice, so the walk ends early. */
export function weigh(value: unknown): void {
  const waiting = [value];
  let total = 0;
  while (waiting.length && total <= rest) {
    const one = waiting.pop();
    if (typeof one === "string") {
      total += long(one) >> 3;
    } else if (typeof one === "object" && one !== null) {
      const inside = Array.isArray(one) ? one : Object.values(one);
      total += inside.length;
      if (total <= rest) for (const inner of inside) waiting.push(inner);
    }
  }
  spend(total);
}
