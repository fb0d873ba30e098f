import { Link } from "@tanstack/react-router";
import { formatNumber, formatPercent } from "@/lib/format";
import { Card } from "@/ui/Card";
import { StateBadge } from "@/ui/StateBadge";
import styles from "./Evaluations.module.css";
import {
  type EvaluationDetail,
  evaluationLink,
  type Figure,
  headlineOf,
  points,
  stateOf,
} from "./evaluations";
import { Scale } from "./Scale";

/** The verdict in words, its interval drawn, and how each rule of the suite came out. */
export function VerdictCard({ project, evaluation }: { project: string; evaluation: EvaluationDetail }) {
  const { comparison, outcomes } = evaluation;
  const slug = headlineOf(evaluation);
  const compared = comparison?.metrics.find((metric) => metric.slug === slug) ?? comparison?.metrics[0];
  return (
    <Card>
      <div className={styles.verdict}>
        {comparison && compared?.difference ? (
          <>
            <h2 className={styles.headline}>
              <StateBadge state={compared.direction} /> {compared.name}: {compared.words}
            </h2>
            <Difference evaluation={evaluation} slug={compared.slug} change={compared.difference} />
            <p className={styles.quiet}>
              Against{" "}
              <Link {...evaluationLink(project, comparison.baseline)}>
                evaluation #{comparison.baseline} of main
              </Link>{" "}
              on {formatNumber(compared.difference.n)} rows that both have; {compared.difference.method}, 95 %
              interval
              {compared.p !== null &&
                `; McNemar's exact p ${compared.p < 0.001 ? "< 0.001" : `= ${formatNumber(compared.p)}`}`}
              .
            </p>
          </>
        ) : (
          <Alone evaluation={evaluation} />
        )}
        <Outcomes evaluation={evaluation} />
        {outcomes.length === 0 && evaluation.words && <p className={styles.quiet}>{evaluation.words}</p>}
      </div>
    </Card>
  );
}

interface DifferenceProps {
  evaluation: EvaluationDetail;
  slug: string;
  change: Figure;
}

function Difference({ evaluation, slug, change }: DifferenceProps) {
  const margin = evaluation.rules.find((rule) => rule.kind === "not_worse" && rule.metric === slug)?.margin;
  const reach = Math.max(Math.abs(change.low), Math.abs(change.high), margin ?? 0, 0.01) * 1.2;
  const tone = change.low > 0 ? "better" : change.high < 0 ? "worse" : "inconclusive";
  return (
    <Scale
      value={change.value}
      low={change.low}
      high={change.high}
      from={-reach}
      to={reach}
      tone={tone}
      format={points}
      marks={[
        { at: 0, label: "main", kind: "zero" },
        ...(margin ? [{ at: -margin, label: "allowed", kind: "limit" as const }] : []),
      ]}
      label={`Difference to main ${points(change.value)} points, 95 % interval ${points(change.low)} to ${points(change.high)} points`}
    />
  );
}

/** Without a baseline: the first metric's own figure, beside what the commonest label would reach. */
function Alone({ evaluation }: { evaluation: EvaluationDetail }) {
  const slug = headlineOf(evaluation);
  const metric =
    evaluation.summary?.metrics.find((item) => item.slug === slug) ?? evaluation.summary?.metrics[0];
  if (!metric?.figure) {
    return (
      <h2 className={styles.headline}>
        <StateBadge state={stateOf(evaluation)} /> {evaluation.words || "No figures yet"}
      </h2>
    );
  }
  const { value, low, high } = metric.figure;
  const majority = metric.binary ? evaluation.summary?.labelled?.majority : undefined;
  const wanted = evaluation.rules.find((rule) => rule.kind === "at_least" && rule.metric === metric.slug);
  const words = `${metric.name}: ${formatPercent(value)}, between ${formatPercent(low)} and ${formatPercent(high)}`;
  return (
    <>
      <h2 className={styles.headline}>
        <StateBadge state={stateOf(evaluation)} /> {words}
      </h2>
      <Scale
        value={value}
        low={low}
        high={high}
        from={0}
        to={1}
        tone="plain"
        format={(share) => formatPercent(share, 0)}
        marks={[
          ...(majority ? [{ at: majority.rate, label: "commonest label", kind: "zero" as const }] : []),
          ...(wanted?.value ? [{ at: wanted.value, label: "wanted", kind: "limit" as const }] : []),
        ]}
        label={`${words}${majority ? `; always answering ${majority.label} would reach ${formatPercent(majority.rate)}` : ""}`}
      />
      <p className={styles.quiet}>
        On {formatNumber(metric.figure.n)} rows; {metric.figure.method}, 95 % interval. There is nothing to
        compare it with{evaluation.on_main ? ": this is main itself" : ""}.
      </p>
    </>
  );
}

function Outcomes({ evaluation }: { evaluation: EvaluationDetail }) {
  if (evaluation.outcomes.length === 0) return null;
  return (
    <ul className={styles.outcomes} aria-label="Rules of the suite">
      {evaluation.outcomes.map((outcome, index) => (
        <li key={index}>
          <StateBadge state={outcome.state} /> <span>{outcome.words}</span>
        </li>
      ))}
    </ul>
  );
}
