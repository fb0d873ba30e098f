import styles from "./Alerts.module.css";
import type { Figures } from "./alerts";
import { axisOf, intervalOf, isBelow, type Kind, written } from "./words";

const WIDTH = 240;
const LINE = 22;

/** A figure with its interval against the limit, drawn; the side that fires is shaded. */
export function FigureBar({ kind, found }: { kind: Kind; found: Figures }) {
  if (found.value === null) return null;
  const axis = axisOf(found);
  const x = (value: number) => Math.round(axis(value) * WIDTH * 10) / 10;
  const limit = x(found.threshold);
  const below = isBelow(kind);
  const low = found.low === null ? 0 : x(found.low);
  const high = found.high === null ? WIDTH : x(found.high);
  const interval = intervalOf(kind, found);
  const words = `${written(kind, found.value)}${interval ? `, 95 % interval ${interval}` : ""}, limit ${written(kind, found.threshold)}`;
  const side = limit < 40 ? "start" : limit > WIDTH - 40 ? "end" : "middle";
  return (
    <svg viewBox={`0 0 ${WIDTH} 34`} className={styles.bar} role="img" aria-label={words}>
      <title>{words}</title>
      <rect
        x={below ? 0 : limit}
        width={below ? limit : WIDTH - limit}
        y={LINE - 10}
        height="20"
        className={styles.beyond}
      />
      <line x1="0" x2={WIDTH} y1={LINE} y2={LINE} className={styles.axis} />
      <line x1={limit} x2={limit} y1={LINE - 10} y2={LINE + 10} className={styles.limit} />
      <text x={limit} y="8" textAnchor={side} className={styles.limitWord}>
        limit {written(kind, found.threshold)}
      </text>
      {interval && (
        <path
          d={`M${low} ${LINE}H${high}M${low} ${LINE - 4}v8M${high} ${LINE - 4}v8`}
          className={styles.whisker}
        />
      )}
      <circle cx={x(found.value)} cy={LINE} r="4.5" className={styles.point} />
    </svg>
  );
}
