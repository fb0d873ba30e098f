import { useQuery } from "@tanstack/react-query";
import { toProblem } from "@/api/problem";
import { formatNumber } from "@/lib/format";
import { SkeletonText } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import styles from "./Alerts.module.css";
import { type Preview, previewQuery, type RuleFields } from "./alerts";
import { FigureBar } from "./FigureBar";
import { fieldsOf, type RuleForm } from "./ruleForm";
import { Subject } from "./Subject";
import { intervalOf, minutesInWords, scopeOf, standingInWords, written } from "./words";

/** With these settings it would be so now. */
export function RulePreview({ project, form }: { project: string; form: RuleForm }) {
  // What does not change the figure does not ask again.
  const fields = { ...fieldsOf({ ...form, name: "Preview", consecutive: "1", enabled: true }), channels: [] };
  const missing = form.kind === "score" && !form.metric;
  const preview = useQuery({ ...previewQuery(project, fields), enabled: !missing });
  return (
    <section className={styles.preview} aria-label="With these settings, now" aria-live="polite">
      <h3>With these settings, now</h3>
      {missing && <p className={styles.quiet}>Choose a metric to see its figure.</p>}
      {!missing && preview.isPending && <SkeletonText lines={4} />}
      {!missing && preview.isError && <p className={styles.quiet}>{refusal(preview.error)}</p>}
      {!missing && preview.data && !preview.isError && <PreviewFound found={preview.data} fields={fields} />}
    </section>
  );
}

/** The server's words without the field's name, which stands beside. */
function refusal(error: unknown): string {
  const problem = toProblem(error);
  return problem.errors[0]?.detail ?? problem.detail;
}

function PreviewFound({ found, fields }: { found: Preview; fields: RuleFields }) {
  const interval = intervalOf(fields.kind, found);
  return (
    <>
      <p className={styles.headline}>
        <Subject rule={fields} />{" "}
        <strong>{found.value === null ? "–" : written(fields.kind, found.value)}</strong>
      </p>
      <FigureBar kind={fields.kind} found={found} />
      <p className={styles.quiet}>
        {interval && `95 % interval ${interval}, `}n = {formatNumber(found.n)} in the last{" "}
        {minutesInWords(fields.window_minutes)}, {scopeOf(fields)}
      </p>
      <p className={styles.outcome}>
        <StateBadge state={found.fires ? "firing" : "ok"}>
          {found.fires ? "would fire" : "would not fire"}
        </StateBadge>
        <span>{standingInWords(found, fields)}</span>
      </p>
    </>
  );
}
