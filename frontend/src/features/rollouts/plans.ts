import type { Measure, NewGuard, NewStep } from "./rollouts";

/** What a step of the form waits for; `amount` is minutes, requests or scored requests. */
export type HoldKind = "minutes" | "requests" | "scored" | "approval" | "nothing";

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
  /** Points or percent, as written. */
  by: string;
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

/** The plan as the API takes it. */
export function planOf(steps: FormStep[]): NewStep[] {
  return steps.map(({ percent, segment, hold, amount }) => ({
    percent: Number(percent),
    name: segment,
    segment,
    hold: {
      seconds: hold === "minutes" ? Math.round(Number(amount) * 60) : 0,
      requests: hold === "requests" ? Number(amount) : 0,
      scored: hold === "scored" ? Number(amount) : 0,
      approval: hold === "approval",
    },
  }));
}

export function guardsOf(guards: FormGuard[]): NewGuard[] {
  return guards.map(({ what, by, bound, action }) => {
    const score = what.startsWith("score:");
    const measure = (score ? "score" : what) as Measure;
    return {
      measure,
      metric: score ? what.slice("score:".length) : "",
      prompt: "",
      bound: measure === "slow" ? Number(bound) : null,
      catch: Number(by) / 100,
      tolerated: 0,
      action,
    };
  });
}
