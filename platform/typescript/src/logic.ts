/** JSONLogic (jsonlogic.com) compiled to closures: one walk over the expression, then only calls. */

import { codePoints } from "./meter.js";
import { isObject, type Json } from "./values.js";

export const MAX_DOCUMENT_CHARACTERS = 1_000_000;
export const MAX_RULES = 1_000;
export const MAX_DEPTH = 32;
export const MAX_STEPS = 2_000;
/** Of all rules of a document, and of one rule more: that of a rollout. */
export const MAX_DOCUMENT_STEPS = 50_000;
export const MAX_WORK = 1_000_000;
export const MAX_NAME = 200;
export const MAX_LOOPS = 2;
export const MAX_ITEMS = 256;
export const MAX_TEXT = 10_000;

/** The context, or a loop's item, to the value. `fixed` tells a closure that gives the same value always. */
export type Step = ((data: unknown) => unknown) & { fixed?: true };
export type Maker = (compiler: Compiler, args: Json[]) => Step;

/** A rule that cannot be used. */
export class RuleError extends Error {}

/** The parts that all rules of a document may come to together. */
export class Budget {
  left = MAX_DOCUMENT_STEPS + MAX_STEPS;
}

export class Compiler {
  steps = 0;
  work = 0;
  depth = 0;
  loops = 0;
  private readonly open: string[] = [];

  constructor(
    readonly key: string,
    readonly operators: ReadonlyMap<string, Maker>,
    readonly segments: Record<string, Json>,
    readonly clock: () => number,
    readonly hash: string,
    readonly budget: Budget,
  ) {}

  compile(expression: Json): Step {
    if (++this.steps > MAX_STEPS) throw new RuleError(`the rule has more than ${MAX_STEPS} parts`);
    if (--this.budget.left < 0)
      throw new RuleError(`the rules have more than ${MAX_DOCUMENT_STEPS} parts together`);
    this.work += MAX_ITEMS ** this.loops;
    if (this.work > MAX_WORK)
      throw new RuleError(`the loops could come to more than ${MAX_WORK} steps a decision`);
    if (typeof expression !== "object" || expression === null) return constant(expression);
    if (++this.depth > MAX_DEPTH) throw new RuleError(`the rule is nested deeper than ${MAX_DEPTH}`);
    try {
      return Array.isArray(expression) ? this.list(expression) : this.operation(expression);
    } finally {
      this.depth--;
    }
  }

  all(expressions: Json[]): Step[] {
    return expressions.map((one) => this.compile(one));
  }

  private list(items: Json[]): Step {
    const steps = this.all(items);
    if (steps.every((step) => step.fixed)) return constant(steps.map((step) => step(null)));
    return (data) => steps.map((step) => step(data));
  }

  private operation(expression: { [key: string]: Json }): Step {
    const names = Object.keys(expression);
    const name = names[0];
    if (name === undefined) return constant({});
    if (names.length > 1) throw new RuleError(`an operation has one operator, this has ${names.length}`);
    const args = expression[name] ?? null;
    if (name === "$ref") return this.segment(args);
    const maker = this.operators.get(name);
    if (!maker) throw new RuleError(`there is no operator ${JSON.stringify(name.slice(0, 60))}`);
    return maker(this, Array.isArray(args) ? args : [args]);
  }

  private segment(name: Json): Step {
    if (typeof name !== "string" || !Object.hasOwn(this.segments, name)) {
      throw new RuleError(`there is no segment ${JSON.stringify(name)?.slice(0, 60)} in $evaluators`);
    }
    if (codePoints(name) > MAX_NAME)
      throw new RuleError(`the name of a segment has ${MAX_NAME} characters at most`);
    if (this.open.includes(name)) throw new RuleError(`the segment ${JSON.stringify(name)} refers to itself`);
    this.open.push(name);
    try {
      return this.compile(this.segments[name] ?? null);
    } finally {
      this.open.pop();
    }
  }
}

export function constant(value: unknown): Step {
  const give: Step = () => value;
  give.fixed = true;
  return give;
}

/** One step into a value: a key of an object, a place of a list or a text; null when it is not there. */
export function look(data: unknown, name: string): unknown {
  if (isObject(data)) return Object.hasOwn(data, name) ? (data[name] ?? null) : null;
  if (Array.isArray(data) || typeof data === "string") {
    if (name === "length") return typeof data === "string" ? codePoints(data) : data.length;
    if (/^[0-9]{1,9}$/.test(name)) {
      const items = typeof data === "string" ? Array.from(data.slice(0, 2 * Number(name) + 2)) : data;
      return items[Number(name)] ?? null;
    }
  }
  return null;
}
