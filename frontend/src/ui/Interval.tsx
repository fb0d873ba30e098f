import { formatNumber } from "@/lib/format";
import styles from "./Interval.module.css";
import { StateBadge } from "./StateBadge";

export type Verdict = "better" | "worse" | "inconclusive";

/** What an interval of a difference says: all on the good side, all on the bad side, or neither. */
export function verdictOf(low: number, high: number, good: "higher" | "lower" = "higher"): Verdict {
  if (low > 0) return good === "higher" ? "better" : "worse";
  if (high < 0) return good === "higher" ? "worse" : "better";
  return "inconclusive";
}

interface IntervalProps {
  /** Difference to the baseline. */
  effect: number;
  low: number;
  high: number;
  /** Which direction is good. */
  good?: "higher" | "lower";
  /** The server's verdict where it has one; else read from the interval. */
  verdict?: Verdict | undefined;
  /** Half the width of the axis; give the same to all rows of a table. */
  scale?: number;
  n?: number | undefined;
  level?: number;
  format?: (value: number) => string;
}

/** A difference with its confidence interval drawn about zero, and the verdict in a word. */
export function Interval(props: IntervalProps) {
  const { effect, low, high, good = "higher", n, level = 95, format = formatNumber } = props;
  const verdict = props.verdict ?? verdictOf(low, high, good);
  const scale = props.scale ?? Math.max(Math.abs(low), Math.abs(high), Math.abs(effect), 1e-9) * 1.15;
  const x = (value: number) => 80 + Math.max(-1, Math.min(1, value / scale)) * 76;
  const signed = (value: number) => (value > 0 ? "+" : "") + format(value);
  const words = `${signed(effect)}, ${level} % interval ${signed(low)} to ${signed(high)}${n === undefined ? "" : `, n = ${formatNumber(n)}`}`;
  return (
    <span className={styles.interval}>
      <StateBadge state={verdict} />
      <svg
        width="160"
        height="24"
        viewBox="0 0 160 24"
        role="img"
        aria-label={words}
        className={styles[verdict]}
      >
        <title>{words}</title>
        <line x1="4" x2="156" y1="12" y2="12" className={styles.axis} />
        <line x1="80" x2="80" y1="3" y2="21" className={styles.zero} />
        <path d={`M${x(low)} 12H${x(high)}M${x(low)} 8v8M${x(high)} 8v8`} className={styles.whisker} />
        <circle cx={x(effect)} cy="12" r="4" className={styles.point} />
      </svg>
      <span className={styles.figures}>
        <strong>{signed(effect)}</strong>
        <span className={styles.range}>
          [{signed(low)}, {signed(high)}]{n !== undefined && ` n ${formatNumber(n)}`}
        </span>
      </span>
    </span>
  );
}
