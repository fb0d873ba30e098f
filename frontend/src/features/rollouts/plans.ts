import { plural } from "@/lib/format";
import type { Measure, NewGuard, NewStep } from "./rollouts";

/** What a step of the form waits for; `amount` is minutes, hours, requests or scored requests. */
export type HoldKind = "minutes" | "hours" | "requests" | "scored" | "approval" | "nothing";

export interface FormStep {
  id: number;
  percent: string;
  segment: string;
  hold: HoldKind;
  amount: string;
}

export interface FormGuard {
  id: number;
  /** A measure, or "score:" and a metric. */
  what: string;
  /** A prompt's name; empty: all requests. */
  prompt: string;
  /** Which way a score is worse. */
  worse: "lower" | "higher";
  /** Points or percent, as written: the harm that is found soonest, and the harm that is none. */
  by: string;
  tolerated: string;
  /** Milliseconds, for the share of slow answers. */
  bound: string;
  action: NewGuard["action"];
}

export interface Preset {
  value: string;
  label: string;
  hint: string;
  steps: [percent: number, hold: HoldKind, amount: number][];
}

/** Numbers of requests as the guards need them to see five points of harm, see benchmarks/rollout_guard.py. */
const counted = (kind: HoldKind): Preset["steps"] => [
  [1, kind, 90],
  [5, kind, 350],
  [25, kind, 1900],
  [50, kind, 2200],
  [100, "nothing", 0],
];

export const PRESETS: Preset[] = [
  {
    value: "careful",
    label: "Careful: by requests",
    hint: "Each step waits until the candidate has answered enough requests for the guards to see harm early.",
    steps: counted("requests"),
  },
  {
    value: "holdout",
    label: "Careful, then a day at 95 %",
    hint: "As careful, and at the end 5 % of the callers keep the old version for a day, so that guards can still compare.",
    steps: [...counted("requests").slice(0, -1), [95, "hours", 24], [100, "nothing", 0]],
  },
  {
    value: "scored",
    label: "Careful: by scored requests",
    hint: "The same, counting only requests that a metric has judged. Needs sampling rules that score this environment.",
    steps: counted("scored"),
  },
  {
    value: "clock",
    label: "By the clock",
    hint: "Goes on after a time, however few requests there were. Guards may not have seen enough by then.",
    steps: [
      [5, "minutes", 30],
      [25, "minutes", 60],
      [50, "minutes", 60],
      [100, "nothing", 0],
    ],
  },
  {
    value: "person",
    label: "By a person",
    hint: "Every step waits until a maintainer says to go on.",
    steps: [
      [5, "approval", 0],
      [25, "approval", 0],
      [50, "approval", 0],
      [100, "nothing", 0],
    ],
  },
];

let last = 0;
export const nextId = () => ++last;

export function stepsOf(preset: Preset): FormStep[] {
  return preset.steps.map(([percent, hold, amount]) => ({
    id: nextId(),
    percent: String(percent),
    segment: "",
    hold,
    amount: String(amount),
  }));
}

const SECONDS: Partial<Record<HoldKind, number>> = { minutes: 60, hours: 3600 };

/** The plan as the API takes it. */
export function planOf(steps: FormStep[]): NewStep[] {
  return steps.map(({ percent, segment, hold, amount }) => ({
    percent: Number(percent),
    name: segment,
    segment,
    hold: {
      seconds: Math.round(Number(amount) * (SECONDS[hold] ?? 0)),
      requests: hold === "requests" ? Number(amount) : 0,
      scored: hold === "scored" ? Number(amount) : 0,
      approval: hold === "approval",
    },
  }));
}

/** One more step: halfway to everybody, where everybody is the end already. */
export function withOneMore(steps: FormStep[]): FormStep[] {
  const last = steps.at(-1);
  const step: FormStep = { id: nextId(), percent: "100", segment: "", hold: "approval", amount: "1" };
  if (last?.segment !== "" || Number(last.percent) < 100) return [...steps, step];
  const before = steps.at(-2);
  const from = before && before.segment === "" ? Number(before.percent) || 0 : 0;
  return [...steps.slice(0, -1), { ...step, percent: String(Math.round((from + 100) / 2)) }, last];
}

export const NEW_GUARD: Omit<FormGuard, "id"> = {
  what: "latency",
  prompt: "",
  worse: "lower",
  by: "20",
  tolerated: "0",
  bound: "1000",
  action: "pause",
};

/** What a guard of this figure looks for unless somebody says otherwise. */
export function usualHarm(what: string): string {
  return isShareOfOwn(what) ? "20" : "5";
}

/** Of latency and cost the harm is a share of the control's own figure, in percent; of all else it is in points. */
export function isShareOfOwn(what: string): boolean {
  return what === "latency" || what === "cost";
}

export function guardsOf(guards: FormGuard[]): NewGuard[] {
  return guards.map(({ what, prompt, worse, by, tolerated, bound, action }) => {
    const score = what.startsWith("score:");
    const measure = (score ? "score" : what) as Measure;
    return {
      measure,
      metric: score ? what.slice("score:".length) : "",
      prompt,
      bound: measure === "slow" ? Number(bound) : null,
      catch: Number(by) / 100,
      tolerated: Number(tolerated) / 100,
      ...(score ? { higher_is_worse: worse === "higher" } : {}),
      action,
    };
  });
}

/** What cannot be sent, by the name that the server gives the field; empty when all is well. */
export function faultsOf(steps: FormStep[], guards: FormGuard[]): Record<string, string> {
  const faults: Record<string, string> = {};
  const between = (where: string, text: string, low: number, high: number, words: string) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= low && value <= high)) faults[where] = words;
  };
  steps.forEach(({ percent, hold, amount }, place) => {
    between(`plan.${place}.percent`, percent, 0, 100, "A share is a number from 0 to 100.");
    if (hold === "minutes" || hold === "hours")
      between(`plan.${place}.hold`, amount, 0.1, 500_000, `Say how many ${hold}, as 30.`);
    if (hold === "requests" || hold === "scored") {
      between(`plan.${place}.hold`, amount, 1, 1e9, "Say how many requests, as 500.");
      if (!Number.isInteger(Number(amount))) faults[`plan.${place}.hold`] = "Say a whole number of requests.";
    }
  });
  const end = steps.at(-1);
  if (end && end.hold !== "approval" && (Number(end.percent) < 100 || end.segment !== ""))
    faults[`plan.${steps.length - 1}.percent`] ??=
      "After the last step everybody gets it: end with 100 % of everybody, or wait for an approval.";
  guards.forEach(({ what, by, tolerated, bound }, place) => {
    between(`guards.${place}.catch`, by, 0.1, 1000, "Say how much worse, as 5. The least is 0.1.");
    between(`guards.${place}.tolerated`, tolerated, 0, 1000, "Say how much is no harm; 0 for none.");
    if (what === "slow")
      between(`guards.${place}.bound`, bound, 1, 1e9, "Say how many milliseconds are too slow, as 1000.");
  });
  return faults;
}

const count = (amount: string, one: string) =>
  Number(amount) > 0 ? plural(Number(amount), one) : `? ${one}s`;

function stepInWords({ percent, segment, hold, amount }: FormStep): string {
  const whole = Number(percent) === 100;
  const audience = segment ? ` of “${segment}”` : "";
  const share = whole
    ? segment
      ? `all${audience}`
      : "everybody"
    : `${Number.isFinite(Number(percent)) && percent.trim() ? percent : "?"} %${audience}`;
  const waits: Record<HoldKind, string> = {
    minutes: ` for ${count(amount, "minute")}`,
    hours: ` for ${count(amount, "hour")}`,
    requests: ` until ${count(amount, "request")}`,
    scored: ` until ${count(amount, "scored request")}`,
    approval: " until a person approves",
    nothing: "",
  };
  return share + waits[hold];
}

/** "the error rate is more than 2 points higher for triage" */
function harmInWords(guard: FormGuard, nameOf: (metric: string) => string): string {
  const { what, prompt, worse, tolerated, bound } = guard;
  const unit = isShareOfOwn(what) ? " %" : Number(tolerated) === 1 ? " point" : " points";
  const more = Number(tolerated) > 0 ? `more than ${tolerated}${unit} ` : "";
  const figures: Record<string, string> = {
    errors: `the error rate is ${more}higher`,
    latency: `answers are ${more}slower`,
    slow: `the share of answers above ${bound || "?"} ms is ${more}higher`,
    cost: `a request costs ${more}more`,
  };
  const figure = figures[what] ?? `“${nameOf(what.slice("score:".length))}” is ${more}${worse}`;
  return figure + (prompt ? ` for ${prompt}` : "");
}

/** The whole plan as one reads it aloud. */
export function planInWords(
  steps: FormStep[],
  guards: FormGuard[],
  nameOf: (metric: string) => string,
): string {
  const told = steps.map(stepInWords).join(", then ");
  const because = (action: FormGuard["action"]) =>
    guards
      .filter((guard) => guard.action === action)
      .map((guard) => harmInWords(guard, nameOf))
      .join(", or ");
  const acts = [
    because("rollback") && `rolls back by itself when it is sure that ${because("rollback")}`,
    because("pause") && `pauses by itself when it is sure that ${because("pause")}`,
  ].filter(Boolean);
  const stops = acts.length > 0 ? `It ${acts.join("; it ")}.` : "Nothing stops it by itself.";
  return `${told.charAt(0).toUpperCase()}${told.slice(1)}. ${stops}`;
}

/** Why guards say nothing in this step; undefined when they can compare. */
export function nobodyToCompare({ percent, segment, hold }: FormStep): string | undefined {
  if (Number(percent) !== 100 || hold === "nothing") return undefined;
  return segment
    ? `All of “${segment}” have the candidate here: guards have nobody to compare them with.`
    : "Everybody has the candidate here: guards have nobody to compare with. At 95 % they go on watching.";
}
