import { Scale } from "@/features/evaluations/Scale";
import { formatNumber, formatPercent } from "@/lib/format";
import styles from "./Shadows.module.css";
import type { Shadow } from "./shadows";

type Figures = NonNullable<Shadow["figures"]>;

/** Wins, ties and losses as parts of a bar, and below it the win rate with its interval against one half. */
export function OutcomeBar({ figures }: { figures: Figures }) {
  const parts = [
    { name: "wins", count: figures.wins, style: styles.win },
    { name: "ties", count: figures.ties, style: styles.tie },
    { name: "losses", count: figures.losses, style: styles.loss },
  ];
  const { rate } = figures;
  if (!rate) return null;
  const words = `Win rate ${formatPercent(rate.value)}, 95 % interval ${formatPercent(rate.low)} to ${formatPercent(rate.high)}, n = ${formatNumber(rate.n)}`;
  return (
    <>
      <div className={styles.bar} aria-hidden="true">
        {parts.map(
          (part) =>
            part.count > 0 && (
              <span key={part.name} className={part.style} style={{ flexGrow: part.count }} />
            ),
        )}
      </div>
      <ul className={styles.legend}>
        {parts.map((part) => (
          <li key={part.name}>
            <span className={`${styles.key} ${part.style}`} aria-hidden="true" />
            {formatNumber(part.count)} {part.name}
          </li>
        ))}
      </ul>
      <Scale
        value={rate.value}
        low={rate.low}
        high={rate.high}
        from={0}
        to={1}
        tone={figures.verdict}
        format={(share) => formatPercent(share, 0)}
        marks={[{ at: 0.5, label: "no difference", kind: "zero" }]}
        label={words}
      />
    </>
  );
}
