import { cx } from "@/lib/cx";
import { formatNumber } from "@/lib/format";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import styles from "./Rollouts.module.css";
import { holdInWords, isUnderWay, type RolloutDetail, type Step, shareInWords } from "./rollouts";

/** The steps side by side, each as high as its share; what is done is full, what comes is an outline. */
export function Ramp({ rollout }: { rollout: RolloutDetail }) {
  return (
    <ol className={styles.ramp} aria-label="Steps of the rollout">
      {rollout.steps.map((step, place) => (
        <RampStep
          key={`${step.percent}-${step.name}-${step.condition ? "some" : "all"}`}
          step={step}
          now={place === rollout.step && isUnderWay(rollout)}
          ended={!isUnderWay(rollout)}
          stopped={place === rollout.step && (rollout.state === "rolled_back" || rollout.state === "aborted")}
        />
      ))}
    </ol>
  );
}

interface RampStepProps {
  step: Step;
  now: boolean;
  ended: boolean;
  stopped: boolean;
}

function RampStep({ step, now, ended, stopped }: RampStepProps) {
  const reached = step.began_at !== null;
  const exposed = step.candidate + step.early;
  const all = exposed + step.control;
  const waits = holdInWords(step.hold);
  return (
    <li
      className={cx(styles.step, reached && styles.reached, now && styles.now, stopped && styles.stopped)}
      aria-current={now ? "step" : undefined}
    >
      <div className={styles.column} aria-hidden="true">
        <div
          className={styles.bar}
          style={{ "--share": `${Math.max(step.percent, 1.5)}%` } as React.CSSProperties}
        />
      </div>
      <div className={styles.words}>
        <strong className={styles.share}>{shareInWords(step)}</strong>
        {now && <StateBadge state="running">now</StateBadge>}
        {stopped && <StateBadge state="worse">stopped here</StateBadge>}
        {reached ? (
          <>
            <span>
              {all > 0
                ? `${formatNumber(exposed)} of ${formatNumber(all)} requests got the candidate`
                : ended
                  ? "no requests"
                  : "no requests yet"}
            </span>
            {step.scored > 0 && <span>{formatNumber(step.scored)} of them scored</span>}
            <span>
              since <Time at={step.began_at} />
            </span>
          </>
        ) : (
          <span>{ended ? "not reached" : "not yet"}</span>
        )}
        {!ended && <span>{waits.length > 0 ? `holds for ${waits.join(" and ")}` : "goes on at once"}</span>}
      </div>
    </li>
  );
}
