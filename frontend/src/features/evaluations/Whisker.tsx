import { cx } from "@/lib/cx";
import styles from "./Evaluations.module.css";

interface WhiskerProps {
  value: number;
  low: number;
  high: number;
  /** Half the width of the axis; the same for all rows of a table. */
  reach: number;
  tone: "better" | "worse" | "inconclusive";
  label: string;
}

/** An interval about zero, small enough for a table's row. */
export function Whisker({ value, low, high, reach, tone, label }: WhiskerProps) {
  const x = (at: number) => 70 + Math.max(-1, Math.min(1, at / reach)) * 66;
  return (
    <svg
      width="140"
      height="20"
      viewBox="0 0 140 20"
      role="img"
      aria-label={label}
      className={cx(styles.small, styles[tone])}
    >
      <path d="M4 10H136" className={styles.smallAxis} />
      <path d="M70 2V18" className={styles.smallZero} />
      <path d={`M${x(low)} 10H${x(high)}M${x(low)} 6v8M${x(high)} 6v8`} className={styles.smallWhisker} />
      <circle cx={x(value)} cy="10" r="4" className={styles.smallPoint} />
    </svg>
  );
}
