import { formatNumber } from "@/lib/format";
import {
  type Condition,
  type Group,
  listOf,
  OPERATORS,
  type Test,
  takesList,
  WITHOUT_VALUE,
} from "./conditions";
import { isObject, type Json, LIVE } from "./document";
import type { Line, RuleForm, Share } from "./ruleForm";

/** What a variant is called: for a commit its subject, for a value the value itself. */
export type Naming = (form: RuleForm, variant: string) => string;

export const namedBy =
  (subjectOf: (commit: string) => string | undefined): Naming =>
  (form, name) => {
    const variant = form.variants.find((each) => each.name === name);
    if (!variant) return name ? `“${name}”` : "nothing yet";
    if (form.serves === "value") return valueInWords(variant.value);
    if (variant.value === LIVE) return "what is live";
    const sha = String(variant.value);
    const subject = subjectOf(sha);
    return subject ? `${sha.slice(0, 8)} “${subject}”` : `commit ${sha.slice(0, 8)}`;
  };

export function valueInWords(value: Json): string {
  if (value === true) return "on";
  if (value === false) return "off";
  if (typeof value === "string") return `“${value}”`;
  if (typeof value === "number") return formatNumber(value);
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** A condition in words: "plan is “pro” and country is one of de, at". Empty for everybody. */
export function groupInWords(group: Group): string {
  const parts = group.items.map((item) => conditionInWords(item, group.items.length > 1));
  return parts.join(group.join === "all" ? " and " : " or ");
}

function conditionInWords(condition: Condition, among: boolean): string {
  if (condition.kind === "test") return testInWords(condition);
  if (condition.kind === "segment") return `${condition.not ? "not " : ""}in “${condition.name}”`;
  if (condition.kind === "other") return "a condition written by hand holds";
  const words = groupInWords(condition);
  return among && condition.items.length > 1 ? `(${words})` : words;
}

function fieldInWords(field: string): string {
  return field === "targetingKey" ? "caller" : field || "…";
}

function testInWords({ field, operator, value }: Test): string {
  const label = OPERATORS.find((each) => each.value === operator)?.label ?? operator;
  const name = fieldInWords(field);
  if (WITHOUT_VALUE.includes(operator)) return `${name} ${label}`;
  if (takesList(operator)) return `${name} ${label} ${listOf(value).join(", ") || "…"}`;
  if (operator === "version_major") return `${name} has the ${label.replace(" as", "")} as ${value || "…"}`;
  return label.startsWith("number") || label.startsWith("version")
    ? `${name} is ${label.replace(/^(number|version) /, "")} ${value || "…"}`
    : `${name} ${label} “${value}”`;
}

/** One line of a rule: "10 % of callers with plan is “pro” get 8f3c1a2b “Shorter answers”". */
export function lineInWords(form: RuleForm, line: Line, naming: Naming): string {
  const who = groupInWords(line.who);
  const callers = who ? `callers where ${who}` : "callers";
  if (!line.share) {
    const all = who ? `Callers where ${who}` : "All callers";
    return `${all} get ${naming(form, line.variant)}`;
  }
  const percent = `${formatNumber(line.share.percent)} %`;
  return `${percent} of ${callers} get ${armsInWords(form, line.share, naming)}`;
}

function armsInWords(form: RuleForm, share: Share, naming: Naming): string {
  const total = share.arms.reduce((sum, arm) => sum + arm.weight, 0) || 1;
  if (share.arms.length === 1) return naming(form, share.arms[0]?.variant ?? "");
  return share.arms
    .map((arm) => `${naming(form, arm.variant)} (${formatNumber((arm.weight / total) * 100)} %)`)
    .join(", ");
}

/** What everybody else gets. */
export function otherwiseInWords(form: RuleForm, naming: Naming): string {
  const value = form.variants.find((variant) => variant.name === form.otherwise)?.value;
  if (form.serves === "commit" && (value === LIVE || value === undefined) && form.fallback === null) {
    return form.lines.length
      ? "everyone else goes on to the next rule, in the end to what is live"
      : "all get what is live";
  }
  return `${form.lines.length ? "everyone else gets" : "all callers get"} ${naming(form, form.otherwise)}`;
}

/** A whole rule in one sentence. */
export function ruleInWords(form: RuleForm, naming: Naming): string {
  const lines = form.lines.map((line) => lineInWords(form, line, naming));
  const sentence = [...lines, otherwiseInWords(form, naming)].join("; ");
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

/** What a rule is about: "prompts/triage" or every artefact, or a value for the app. */
export function subjectInWords(form: RuleForm): string {
  if (form.serves === "value") return `a value for the app, asked for as “${form.key}”`;
  return form.artefact ? `for ${form.artefact}` : "for all prompts, configs and adapters";
}

export function titleOf(key: string, flag: Json): string {
  const metadata = isObject(flag) ? flag["metadata"] : null;
  const title = isObject(metadata) ? metadata["title"] : null;
  return typeof title === "string" && title ? title : key;
}
