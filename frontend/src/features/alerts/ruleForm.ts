import { formatDuration } from "@/lib/format";
import type { Rule, RuleFields } from "./alerts";
import { KINDS, type Kind } from "./words";

/** The form as it is typed: the limit in the unit that people say (per cent, seconds are not used). */
export interface RuleForm {
  name: string;
  kind: Kind;
  metric: string;
  quantile: string;
  limit: string;
  prompt: string;
  environment: string;
  window: string;
  minimum: string;
  consecutive: string;
  sure: boolean;
  enabled: boolean;
  channels: number[];
}

const LIMITS: Record<Kind, string> = { score: "0.8", errors: "5", latency: "5000", cost: "1", traffic: "1" };
export const UNITS: Record<Kind, string> = {
  score: "mean score, 0 to 1",
  errors: "% of requests",
  latency: "milliseconds",
  cost: "dollars an hour",
  traffic: "requests in the window; 1 means no traffic",
};

/** A new rule: sensible, and told everywhere. */
export function blankForm(channels: number[]): RuleForm {
  return {
    name: "",
    kind: "errors",
    metric: "",
    quantile: "0.99",
    limit: LIMITS.errors,
    prompt: "",
    environment: "production",
    window: "15",
    minimum: "20",
    consecutive: "2",
    sure: true,
    enabled: true,
    channels,
  };
}

/** Another kind has another unit, so the limit begins anew. */
export function withKind(form: RuleForm, value: string): RuleForm {
  const kind = KINDS.find((item) => item.value === value)?.value ?? form.kind;
  return { ...form, kind, limit: LIMITS[kind] };
}

export function formOf(rule: Rule): RuleForm {
  const { name, kind, metric, prompt, environment, sure, enabled, channels } = rule;
  return {
    ...{ name, kind, metric, prompt, environment, sure, enabled, channels },
    quantile: String(rule.quantile),
    limit: String(rule.kind === "errors" ? round(rule.threshold * 100) : rule.threshold),
    window: String(rule.window_minutes),
    minimum: String(rule.minimum_n),
    consecutive: String(rule.consecutive),
  };
}

/** What is sent. What is no number is sent as it was typed, so that the server's words stand at the field. */
export function fieldsOf(form: RuleForm): RuleFields {
  const limit = numberOf(form.limit);
  return {
    name: form.name.trim() || "New rule",
    kind: form.kind,
    metric: form.kind === "score" ? form.metric : "",
    quantile: Number(form.quantile),
    threshold: form.kind === "errors" && typeof limit === "number" ? round(limit / 100) : limit,
    prompt: form.prompt.trim(),
    environment: form.environment,
    window_minutes: numberOf(form.window),
    minimum_n: numberOf(form.minimum),
    consecutive: numberOf(form.consecutive),
    sure: form.sure,
    enabled: form.enabled,
    channels: form.channels,
  };
}

function numberOf(text: string): number {
  const value = Number(text.replace(",", "."));
  return text.trim() === "" || Number.isNaN(value) ? (text as unknown as number) : value;
}

function round(value: number): number {
  return Number(value.toPrecision(12));
}

/** The time between a rule's evaluations: ten seconds, more for windows over half an hour. */
export function evaluatedEvery(window: string): string {
  const seconds = Math.max(10, (Number(window) * 60) / 180 || 0);
  return formatDuration(Math.round(seconds) * 1000).replace(/\.0+ s$/, " s");
}
