import type { ReactNode } from "react";
import { formatDuration, formatNumber } from "@/lib/format";
import styles from "./Progress.module.css";

interface ProgressProps {
  label: string;
  done: number;
  /** Null when unknown: the bar moves without saying how far. */
  total: number | null | undefined;
  startedAt?: string | Date | null | undefined;
  /** What is being done now. */
  message?: ReactNode;
  /** The cancel button's place. */
  action?: ReactNode;
  /** How figures are written; else as numbers. */
  figure?: (value: number) => string;
}

/** Milliseconds until the end at the pace so far, or null while that would be a guess (under 3 s or nothing done). */
export function timeLeft(done: number, total: number, startedAt: Date, now = new Date()): number | null {
  const spent = now.getTime() - startedAt.getTime();
  if (done <= 0 || total <= 0 || spent < 3_000 || done >= total) return null;
  return (spent / done) * (total - done);
}

/** As exact as such a guess deserves: whole minutes from two minutes on, else five seconds. */
function roundLeft(ms: number): number {
  const step = ms >= 120_000 ? 60_000 : 5_000;
  return Math.max(step, Math.round(ms / step) * step);
}

/** How far long work is, how long it still takes, and a place to cancel it. */
export function Progress({
  label,
  done,
  total,
  startedAt,
  message,
  action,
  figure = formatNumber,
}: ProgressProps) {
  const share = total === null || total === undefined ? null : total > 0 ? Math.min(1, done / total) : 0;
  const left = total && startedAt ? timeLeft(done, total, new Date(startedAt)) : null;
  return (
    <div className={styles.progress}>
      <div className={styles.line}>
        <div
          role="progressbar"
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={100}
          {...(share === null ? {} : { "aria-valuenow": Math.round(share * 100) })}
          className={styles.track}
        >
          <div
            className={share === null ? styles.moving : styles.bar}
            style={share === null ? {} : { width: `${share * 100}%` }}
          />
        </div>
        {action}
      </div>
      <div className={styles.words}>
        <span className={styles.message}>{message}</span>
        <span className={styles.count}>
          {total ? `${figure(done)} of ${figure(total)}` : done > 0 && figure(done)}
          {left !== null && ` · about ${formatDuration(roundLeft(left))} left`}
        </span>
      </div>
    </div>
  );
}
