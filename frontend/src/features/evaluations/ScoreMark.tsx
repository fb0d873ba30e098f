import { formatNumber } from "@/lib/format";
import { Icon } from "@/ui/Icon";
import { StateBadge } from "@/ui/StateBadge";
import styles from "./Evaluations.module.css";

interface ScoreMarkProps {
  /** From 0 to 1; null: no score; undefined: not scored. */
  value: number | null | undefined;
  binary: boolean;
  /** The same row's on main. */
  before?: number | null | undefined;
}

/** One score in a table: right or wrong, or a number, and an arrow when it moved against main. */
export function ScoreMark({ value, binary, before }: ScoreMarkProps) {
  if (value === undefined) return <span className={styles.quiet}>–</span>;
  if (value === null) return <span className={styles.quiet}>no score</span>;
  const moved = typeof before === "number" && before !== value ? (value > before ? "up" : "down") : null;
  return (
    <span className={styles.score}>
      {binary ? (
        <StateBadge state={value >= 0.5 ? "pass" : "fail"} plain>
          {value >= 0.5 ? "right" : "wrong"}
        </StateBadge>
      ) : (
        formatNumber(value, 2)
      )}
      {moved && (
        <span className={moved === "up" ? styles.good : styles.bad}>
          <Icon name={moved} size={12} />
          <span className="visually-hidden">{moved === "up" ? "better than main" : "worse than main"}</span>
        </span>
      )}
    </span>
  );
}
