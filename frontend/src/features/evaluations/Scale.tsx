import { cx } from "@/lib/cx";
import styles from "./Evaluations.module.css";

interface Mark {
  at: number;
  label: string;
  /** "zero" is a full line, "limit" a dashed one. */
  kind: "zero" | "limit";
}

interface ScaleProps {
  value: number;
  low: number;
  high: number;
  from: number;
  to: number;
  marks: Mark[];
  tone: "better" | "worse" | "inconclusive" | "plain";
  format: (value: number) => string;
  /** All of it in words. */
  label: string;
}

/** A figure with its interval on an axis as wide as the page, beside the lines that it is measured against. */
export function Scale({ value, low, high, from, to, marks, tone, format, label }: ScaleProps) {
  const place = (at: number) => `${Math.min(100, Math.max(0, ((at - from) / (to - from)) * 100))}%`;
  return (
    <div className={cx(styles.scale, styles[tone])} role="img" aria-label={label}>
      <div className={styles.axis} />
      {ticksOf(from, to).map((tick) => (
        <span key={tick} className={styles.tick} style={{ left: place(tick) }}>
          {format(tick)}
        </span>
      ))}
      {marks.map((mark) => (
        <div key={mark.label} className={cx(styles.mark, styles[mark.kind])} style={{ left: place(mark.at) }}>
          <span className={cx(styles.markLabel, mark.kind === "limit" && styles.toTheLeft)}>
            {mark.label}
          </span>
        </div>
      ))}
      <div
        className={styles.whisker}
        style={{ left: place(low), width: `calc(${place(high)} - ${place(low)})` }}
      />
      <div className={styles.point} style={{ left: place(value) }} />
    </div>
  );
}

/** Four to seven round numbers within an axis. */
export function ticksOf(from: number, to: number): number[] {
  const rough = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((size) => size * power).find((size) => size >= rough) ?? rough;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}
