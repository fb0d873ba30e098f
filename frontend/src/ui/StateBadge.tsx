import { cx } from "@/lib/cx";
import type { Tone } from "./Badge";
import styles from "./Badge.module.css";

type Shape = "ring" | "dashes" | "turning" | "check" | "cross" | "slash" | "tilde" | "merge" | "bang" | "dot";

const STATES: Record<string, { tone: Tone; shape: Shape; word?: string }> = {
  queued: { tone: "neutral", shape: "dashes" },
  pending: { tone: "neutral", shape: "dashes" },
  running: { tone: "accent", shape: "turning" },
  cancelling: { tone: "neutral", shape: "turning" },
  succeeded: { tone: "ok", shape: "check" },
  failed: { tone: "bad", shape: "cross" },
  cancelled: { tone: "neutral", shape: "slash" },
  open: { tone: "ok", shape: "ring" },
  merged: { tone: "accent", shape: "merge" },
  closed: { tone: "neutral", shape: "slash" },
  pass: { tone: "ok", shape: "check" },
  fail: { tone: "bad", shape: "cross" },
  inconclusive: { tone: "warn", shape: "tilde" },
  firing: { tone: "bad", shape: "bang" },
  ok: { tone: "ok", shape: "check", word: "ok" },
  live: { tone: "ok", shape: "dot" },
  approved: { tone: "ok", shape: "check" },
  "changes requested": { tone: "warn", shape: "bang" },
  better: { tone: "ok", shape: "check" },
  worse: { tone: "bad", shape: "cross" },
  expired: { tone: "warn", shape: "slash" },
  revoked: { tone: "neutral", shape: "slash" },
  active: { tone: "ok", shape: "dot" },
  paused: { tone: "warn", shape: "slash" },
  waiting: { tone: "warn", shape: "dashes" },
  completed: { tone: "ok", shape: "check" },
  aborted: { tone: "neutral", shape: "slash" },
  rolled_back: { tone: "bad", shape: "cross" },
};

const SHAPES: Record<Shape, string> = {
  ring: "M6 10.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM6 6h.01",
  dashes:
    "M6 1.5a4.5 4.5 0 0 1 2.5.800M10.5 6a4.5 4.5 0 0 1-.8 2.5M6 10.5a4.5 4.5 0 0 1-2.5-.8M1.5 6a4.5 4.5 0 0 1 .8-2.5",
  turning: "M6 1.5A4.5 4.5 0 1 1 1.5 6",
  check: "M2 6.5 4.8 9.3 10 3.2",
  cross: "M2.8 2.8l6.4 6.4M9.2 2.8 2.8 9.2",
  slash: "M6 10.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM2.9 9.1l6.2-6.2",
  tilde: "M1.5 7c1.3-2.6 3-2.6 4.5-1s3.2 1.6 4.5-1",
  merge: "M3 3.5v5M3 4c.5 1.8 2.3 2.3 5 2.3M9.2 6.3h.01M3 2.8h.01M3 9.4h.01",
  bang: "M6 1.5 11 10.5H1zM6 5v2.3M6 9h.01",
  dot: "M6 8.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
};

interface StateBadgeProps {
  /** A state's word, e.g. queued, running, merged, pass, firing, live; an unknown one is shown plainly. */
  state: string;
  /** Other words for the same state, e.g. "3 of 4 checks pass". */
  children?: string | undefined;
  /** Without the tinted ground, for dense tables. */
  plain?: boolean;
}

/** A state as shape, word and colour, so that none of the three is needed alone. */
export function StateBadge({ state, children, plain = false }: StateBadgeProps) {
  const known = STATES[state.toLowerCase()] ?? { tone: "neutral", shape: "dot" };
  return (
    <span className={cx(styles.badge, styles[known.tone], plain && styles.plain)}>
      <svg
        width="12"
        height="12"
        viewBox="0 0 12 12"
        fill={known.shape === "dot" ? "currentColor" : "none"}
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        className={cx(known.shape === "turning" && styles.turning)}
      >
        <path d={SHAPES[known.shape]} />
      </svg>
      {children ?? known.word ?? state}
    </span>
  );
}
