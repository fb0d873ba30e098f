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

/** What is sent. A limit that is no number is sent as null, so that the server's words stand at the field. */
export function fieldsOf(form: RuleForm): RuleFields {
  const limit = numberOf(form.limit);
  return {
    name: form.name.trim() || "New rule",
    kind: form.kind,
    metric: form.kind === "score" ? form.metric : "",
    quantile: Number(form.quantile),
    threshold: (form.kind === "errors" && limit !== null ? round(limit / 100) : limit) as number,
    prompt: form.prompt.trim(),
    environment: form.environment,
    window_minutes: numberOf(form.window) as number,
    minimum_n: numberOf(form.minimum) as number,
    consecutive: numberOf(form.consecutive) as number,
    sure: form.sure,
    enabled: form.enabled,
    channels: form.channels,
  };
}

function numberOf(text: string): number | null {
  const value = Number(text.replace(",", "."));
  return text.trim() === "" || Number.isNaN(value) ? null : value;
}

function round(value: number): number {
  return Number(value.toPrecision(12));
}
