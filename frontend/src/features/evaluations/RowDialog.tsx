import { useQuery } from "@tanstack/react-query";
import type { components } from "@/api/schema";
import { cx } from "@/lib/cx";
import { formatCost, formatDuration, formatNumber, plural } from "@/lib/format";
import { IconButton } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonText } from "@/ui/Skeleton";
import styles from "./Evaluations.module.css";
import { cellText, type EvaluationDetail, resultQuery, subjectWords } from "./evaluations";
import { ScoreMark } from "./ScoreMark";

interface RowDialogProps {
  project: string;
  evaluation: EvaluationDetail;
  index: number | null;
  /** Positions of the rows in the list, for the way to the next one. */
  around: number[];
  onGo: (index: number | null) => void;
}

/** One row: what went in, both outputs side by side, every score with its reason. Arrow keys go through the list. */
export function RowDialog({ project, evaluation, index, around, onGo }: RowDialogProps) {
  const row = useQuery({ ...resultQuery(project, evaluation.number, index ?? 0), enabled: index !== null });
  const place = index === null ? -1 : around.indexOf(index);
  const [before, after] = [around[place - 1], around[place + 1]];
  return (
    <Dialog
      open={index !== null}
      onClose={() => onGo(null)}
      title={index === null ? "" : `Row ${formatNumber(index + 1)}`}
      shape="wide"
    >
      <div
        role="group"
        aria-label="One row"
        className={styles.row}
        onKeyDown={(event) => {
          if (event.key === "ArrowLeft" && before !== undefined) onGo(before);
          if (event.key === "ArrowRight" && after !== undefined) onGo(after);
        }}
      >
        <div className={styles.steps}>
          <IconButton
            icon="left"
            label="Row before"
            disabled={before === undefined}
            onClick={() => before !== undefined && onGo(before)}
          />
          <IconButton
            icon="right"
            label="Next row"
            disabled={after === undefined}
            onClick={() => after !== undefined && onGo(after)}
          />
          <span className={styles.quiet}>
            {place >= 0 && `${formatNumber(place + 1)} of ${formatNumber(around.length)} in the list`}
          </span>
        </div>
        {row.isError && <ErrorState error={row.error} retry={() => void row.refetch()} />}
        {row.isPending && <SkeletonText lines={8} />}
        {row.data && <Body evaluation={evaluation} detail={row.data} />}
      </div>
    </Dialog>
  );
}

type Detail = components["schemas"]["ResultDetail"];

function Body({ evaluation, detail }: { evaluation: EvaluationDetail; detail: Detail }) {
  const { result, before } = detail;
  return (
    <>
      <dl className={styles.inputs}>
        {Object.entries(result.input).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{cellText(value)}</dd>
          </div>
        ))}
        {result.expected !== null && (
          <div>
            <dt>Expected</dt>
            <dd>{result.expected}</dd>
          </div>
        )}
      </dl>
      <div className={cx(styles.sides, before && styles.two)}>
        {before && (
          <Side title={`On main, #${evaluation.baseline}`} result={before} evaluation={evaluation} />
        )}
        <Side
          title={before ? `Now, on ${subjectWords(evaluation)}` : "Output"}
          result={result}
          evaluation={evaluation}
        />
      </div>
    </>
  );
}

interface SideProps {
  title: string;
  result: Detail["result"];
  evaluation: EvaluationDetail;
}

function Side({ title, result, evaluation }: SideProps) {
  const facts = [
    result.latency_ms !== null && formatDuration(result.latency_ms),
    result.output_tokens !== null && plural(result.output_tokens, "token"),
    result.cost !== null && formatCost(result.cost),
    result.finish_reason === "length" && "cut off at the limit of tokens",
  ].filter(Boolean);
  return (
    <section className={styles.side}>
      <h3>{title}</h3>
      {result.error ? (
        <p className={styles.bad}>{result.error}</p>
      ) : (
        <pre className={styles.output}>{result.output || "(empty)"}</pre>
      )}
      <ul className={styles.scores} aria-label={`Scores, ${title}`}>
        {result.scores.map((score) => (
          <li key={score.metric + score.author}>
            <div className={styles.scoreHead}>
              <span>
                {score.name} <span className={styles.version}>v{score.version}</span>
              </span>
              <span>
                {score.label && !isBinary(evaluation, score.metric) ? (
                  score.label
                ) : (
                  <ScoreMark value={score.value} binary={isBinary(evaluation, score.metric)} />
                )}
              </span>
            </div>
            {score.reason && <p className={styles.reason}>{score.reason}</p>}
          </li>
        ))}
      </ul>
      {facts.length > 0 && <p className={styles.quiet}>{facts.join(" · ")}</p>}
    </section>
  );
}

function isBinary(evaluation: EvaluationDetail, slug: string): boolean {
  return evaluation.metrics.find((metric) => metric.slug === slug)?.binary ?? false;
}
