import { useState } from "react";
import { useCan } from "@/api/session";
import { formatCost, formatNumber } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, TextArea } from "@/ui/Field";
import styles from "./Evaluations.module.css";
import { ScoreMark } from "./ScoreMark";
import { type MetricFields, type MetricVerdict, type Trial, useTrial } from "./suites";

/** Judges one output by the metric as it stands in the form. */
export function TrialCard({ project, metric }: { project: string; metric: MetricFields }) {
  const [trial, setTrial] = useState<Trial>({ input: "", output: "", expected: "" });
  const run = useTrial(project);
  const may = useCan(project, "editor");
  const set = (name: keyof Trial) => (event: { target: { value: string } }) =>
    setTrial((now) => ({ ...now, [name]: event.target.value }));
  if (!may) return null;
  return (
    <Card
      title="Try it"
      description="On one output, with the settings as they are in the form. Nothing is stored."
    >
      <Form
        onSubmit={() => run.mutate({ metric, trial })}
        actions={
          <Button type="submit" icon="play" loading={run.isPending}>
            Judge this output
          </Button>
        }
      >
        <Field label="Input" optional>
          <TextArea rows={2} value={trial.input} onChange={set("input")} />
        </Field>
        <Field label="Output">
          <TextArea rows={3} value={trial.output} onChange={set("output")} />
        </Field>
        <Field label="Expected" optional>
          <TextArea rows={2} value={trial.expected} onChange={set("expected")} />
        </Field>
        <FormError error={run.error} />
        {run.data && <Verdict verdict={run.data} />}
      </Form>
    </Card>
  );
}

function Verdict({ verdict }: { verdict: MetricVerdict }) {
  const binary = verdict.label === "pass" || verdict.label === "fail";
  return (
    <div className={styles.trial} role="status">
      <div className={styles.scoreHead}>
        <strong>
          <ScoreMark value={verdict.value} binary={binary} />
        </strong>
        {!binary && <span className={styles.quiet}>{verdict.label}</span>}
      </div>
      {verdict.reason && <p className={styles.reason}>{verdict.reason}</p>}
      {verdict.output_tokens !== null && (
        <p className={styles.quiet}>
          {formatNumber((verdict.input_tokens ?? 0) + verdict.output_tokens)} tokens
          {verdict.cost !== null && `, ${formatCost(verdict.cost)}`}
        </p>
      )}
    </div>
  );
}
