import { formatCost, formatDuration, formatNumber, formatPercent } from "@/lib/format";
import type { Figures, RuleFields } from "./alerts";

export type Kind = RuleFields["kind"];
export type Watched = Pick<RuleFields, "kind"> & Partial<RuleFields>;

export const KINDS: { value: Kind; label: string }[] = [
  { value: "score", label: "Score of a metric" },
  { value: "errors", label: "Error rate" },
  { value: "latency", label: "Latency" },
  { value: "cost", label: "Cost per hour" },
  { value: "traffic", label: "Traffic" },
];

/** Scores and traffic are watched for being too low, all else for being too high. */
export function isBelow(kind: Kind): boolean {
  return kind === "score" || kind === "traffic";
}

/** What is watched: "Error rate", "p99 latency", "exact-match". */
export function subjectOf(rule: Watched): string {
  if (rule.kind === "score") return rule.metric || "Score";
  if (rule.kind === "errors") return "Error rate";
  if (rule.kind === "latency") return `p${(rule.quantile ?? 0.99) * 100} latency`;
  return rule.kind === "cost" ? "Cost" : "Requests";
}

/** A figure of a rule with its unit: 7.3 % · 1.24 s · $0.40/h · 0.87. */
export function written(kind: Kind, value: number): string {
  if (kind === "errors") return formatPercent(value);
  if (kind === "latency") return formatDuration(value).replace(".00 s", " s");
  if (kind === "cost") return `${formatCost(value)}/h`;
  return formatNumber(value);
}

/** "above 5 %", "below 0.8". */
export function limitOf(rule: Watched & { threshold: number }): string {
  return `${isBelow(rule.kind) ? "below" : "above"} ${written(rule.kind, rule.threshold)}`;
}

/** "triage in production", "all prompts and environments". */
export function scopeOf(rule: { prompt: string; environment: string }): string {
  if (!rule.prompt && !rule.environment) return "all prompts, all environments";
  return [rule.prompt || "all prompts", rule.environment && `in ${rule.environment}`]
    .filter(Boolean)
    .join(" ");
}

/** "30.9 % to 49.8 %", or undefined where the interval says nothing more than the value. */
export function intervalOf(kind: Kind, found: Pick<Figures, "low" | "high" | "value">): string | undefined {
  if (found.value === null || (found.low === found.high && found.low !== null)) return undefined;
  const low = found.low === null ? "unknown" : written(kind, found.low);
  return `${low} to ${found.high === null ? "unknown" : written(kind, found.high)}`;
}

/** "1 h", "15 min", "1 h 30 min". */
export function minutesInWords(minutes: number): string {
  return formatDuration(minutes * 60_000).replace(/\.00? /, " ");
}

/** What a figure means for its rule, in a sentence. */
export function standingInWords(
  found: Figures,
  rule: { kind: Kind; minimum_n: number; sure: boolean },
): string {
  if (found.problem) return found.problem;
  const side = isBelow(rule.kind) ? "below" : "above";
  const texts: Record<Figures["standing"], string> = {
    good: "Within the limit.",
    beyond:
      rule.sure && rule.kind !== "traffic" ? `The whole interval is ${side} the limit.` : "Beyond the limit.",
    unsure: "Beyond the limit by the estimate, but the interval reaches back over it.",
    few: `Too few to tell: ${found.n} of at least ${rule.minimum_n}.`,
    none: "Nothing to measure in this window.",
  };
  return texts[found.standing];
}

/** Where a value stands from 0 to 1 on an axis that holds the interval, the value and the limit. */
export function axisOf(
  found: Pick<Figures, "low" | "high" | "value" | "threshold">,
): (value: number) => number {
  const shown = [found.low, found.high, found.value, found.threshold].filter((value) => value !== null);
  const low = Math.min(...shown);
  const high = Math.max(...shown);
  const margin = (high - low || Math.abs(high) || 1) * 0.12;
  return (value) => (value - low + margin) / (high - low + 2 * margin);
}
