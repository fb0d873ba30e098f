/** A document of rules in flagd's form: compiled once, asked for decisions. */

import { DEFAULT_HASH, HASHES } from "./buckets.js";
import {
  Budget,
  Compiler,
  MAX_DOCUMENT_CHARACTERS,
  MAX_NAME,
  MAX_RULES,
  RuleError,
  type Step,
} from "./logic.js";
import { codePoints, start } from "./meter.js";
import { OPERATORS } from "./operators.js";
import { byCodePoints, isObject, type Json } from "./values.js";

export type Context = { readonly [key: string]: unknown };
export type Reason = "STATIC" | "TARGETING_MATCH" | "DEFAULT" | "DISABLED" | "ERROR";

/**
 * What a rule gives one caller. `variant` is null where the caller's own default holds; `code` is OpenFeature's error
 * code (FLAG_NOT_FOUND, PARSE_ERROR, GENERAL), empty otherwise.
 */
export interface Decision {
  readonly variant: string | null;
  readonly value: unknown;
  readonly reason: Reason;
  readonly code: string;
  readonly message: string;
}

interface Rule {
  readonly step: Step | null;
  readonly otherwise: Decision;
  readonly decisions: ReadonlyMap<string, Decision>;
}

function decision(variant: string | null, value: unknown, reason: Reason, code = "", message = ""): Decision {
  return Object.freeze({ variant, value, reason, code, message });
}

/** A compiled document. A rule that is wrong answers with its error; the others are not touched by it. */
export class Rules {
  private readonly rules: ReadonlyMap<string, Rule>;

  /** `clock` gives seconds since 1970, for `$flagd.timestamp`. Throws RuleError for what is no document. */
  constructor(document: unknown, clock: () => number = () => Date.now() / 1000) {
    const [flags, segments] = parts(document);
    const budget = new Budget();
    const made = new Map<string, Rule>();
    for (const key of Object.keys(flags).sort(byCodePoints)) {
      made.set(key, forgiving(key, flags[key], segments, clock, budget));
    }
    this.rules = new Map(Object.keys(flags).map((key) => [key, made.get(key) as Rule]));
  }

  keys(): string[] {
    return [...this.rules.keys()];
  }

  /** What the rule gives for a context, `targetingKey` among its keys. Never throws. */
  decide(key: string, context?: Context | null): Decision {
    const rule = this.rules.get(key);
    if (!rule)
      return decision(null, null, "ERROR", "FLAG_NOT_FOUND", `There is no rule ${JSON.stringify(key)}.`);
    if (!rule.step) return rule.otherwise;
    start();
    try {
      const found = rule.step(isObject(context) ? context : {});
      if (found === null || found === undefined) return rule.otherwise;
      const chosen = typeof found === "object" ? undefined : rule.decisions.get(String(found));
      return (
        chosen ??
        decision(
          null,
          null,
          "ERROR",
          "GENERAL",
          `The rule ${JSON.stringify(key)} chose none of its variants.`,
        )
      );
    } catch (fault) {
      const why = fault instanceof Error ? fault.message : "it failed";
      return decision(null, null, "ERROR", "GENERAL", `The rule ${JSON.stringify(key)} was stopped: ${why}.`);
    }
  }
}

function parts(document: unknown): [Record<string, Json>, Record<string, Json>] {
  if (!isObject(document)) throw new RuleError("a document of rules is an object");
  if (JSON.stringify(document).length > MAX_DOCUMENT_CHARACTERS)
    throw new RuleError("the document is too large");
  const flags = document["flags"];
  const segments = document["$evaluators"] ?? {};
  if (!isObject(flags) || !isObject(segments)) throw new RuleError("`flags` and `$evaluators` are objects");
  if (Object.keys(flags).length > MAX_RULES) throw new RuleError(`there are more than ${MAX_RULES} rules`);
  return [flags as Record<string, Json>, segments as Record<string, Json>];
}

function forgiving(
  key: string,
  flag: unknown,
  segments: Record<string, Json>,
  clock: () => number,
  budget: Budget,
): Rule {
  try {
    return compiled(key, flag, segments, clock, budget);
  } catch (fault) {
    if (!(fault instanceof RuleError)) throw fault;
    return only(decision(null, null, "ERROR", "PARSE_ERROR", `${key}: ${fault.message}`));
  }
}

const only = (one: Decision): Rule => ({ step: null, otherwise: one, decisions: new Map() });

function compiled(
  key: string,
  flag: unknown,
  segments: Record<string, Json>,
  clock: () => number,
  budget: Budget,
): Rule {
  if (codePoints(key) > MAX_NAME) throw new RuleError(`the key of a rule has ${MAX_NAME} characters at most`);
  if (!isObject(flag)) throw new RuleError("a rule is an object");
  const variants = flag["variants"];
  if (!isObject(variants) || !Object.keys(variants).length)
    throw new RuleError("`variants` has at least one variant");
  if (Object.values(variants).some((value) => value === null)) throw new RuleError("a variant has a value");
  const standard = defaultOf(flag["defaultVariant"], variants);
  if (flag["state"] !== "ENABLED" && flag["state"] !== "DISABLED")
    throw new RuleError("`state` is ENABLED or DISABLED");
  if (flag["state"] === "DISABLED") return only(decision(null, null, "DISABLED"));
  const targeting = flag["targeting"] ?? null;
  if (targeting !== null && !isObject(targeting)) throw new RuleError("`targeting` is an object");
  const value = standard === null ? null : variants[standard];
  if (targeting === null || !Object.keys(targeting).length) {
    return only(decision(standard, value, standard ? "STATIC" : "DEFAULT"));
  }
  const compiler = new Compiler(key, OPERATORS, segments, clock, hashOf(flag["metadata"]), budget);
  const step = compiler.compile(targeting as Json);
  const decisions = new Map(
    Object.entries(variants).map(([name, one]) => [name, decision(name, one, "TARGETING_MATCH")]),
  );
  return { step, otherwise: decision(standard, value, "DEFAULT"), decisions };
}

function defaultOf(given: unknown, variants: Record<string, unknown>): string | null {
  if (given === null || given === undefined || given === "") return null;
  if ((typeof given !== "string" && typeof given !== "boolean") || !Object.hasOwn(variants, String(given))) {
    throw new RuleError("`defaultVariant` is none of the variants");
  }
  return String(given);
}

function hashOf(metadata: unknown): string {
  const name = isObject(metadata) && "hash" in metadata ? metadata["hash"] : DEFAULT_HASH;
  if (typeof name !== "string" || !Object.hasOwn(HASHES, name)) throw new RuleError("there is no such hash");
  return name;
}
