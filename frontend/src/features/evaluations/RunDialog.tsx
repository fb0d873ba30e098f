import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { draftsQuery } from "@/features/drafts/drafts";
import { formatNumber, plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, Select, TextInput } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import styles from "./Evaluations.module.css";
import { type EvaluationDetail, planQuery, type Subject, useStart } from "./evaluations";
import { suitesQuery } from "./suites";

interface RunDialogProps {
  project: string;
  /** Chosen beforehand; still changeable. */
  suite?: string | undefined;
  draft?: number | undefined;
  onClose: () => void;
  onStarted: (evaluation: EvaluationDetail) => void;
}

const MAIN = "main";
const COMMIT = "commit";

/** Which suite, on what, compared or not; and what that will cost before it starts. */
export function RunDialog({ project, suite, draft, onClose, onStarted }: RunDialogProps) {
  const suites = useQuery(suitesQuery(project));
  const drafts = useQuery(draftsQuery(project, { state: "open" }));
  const [chosen, setChosen] = useState(suite ?? "");
  const [target, setTarget] = useState(draft === undefined ? MAIN : String(draft));
  const [commit, setCommit] = useState("");
  const [compare, setCompare] = useState(true);
  const start = useStart(project, onStarted);
  const slug = chosen || (suites.data?.[0]?.slug ?? "");
  const subject = subjectOf(target, commit);
  const open = drafts.data?.items ?? [];
  const listed = draft === undefined || open.some((item) => item.number === draft);
  return (
    <Dialog open onClose={onClose} title="Evaluate">
      <Form
        onSubmit={() =>
          subject && start.mutate({ suite: slug, subject, baseline: compare ? "auto" : "none" })
        }
        actions={
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="primary" loading={start.isPending} disabled={!slug || !subject}>
              Start
            </Button>
          </>
        }
      >
        <FormError error={start.error} />
        <Field label="Suite">
          <Select
            value={slug}
            onChange={(event) => setChosen(event.target.value)}
            options={(suites.data ?? []).map((item) => ({ value: item.slug, label: item.name }))}
          />
        </Field>
        <Field label="On">
          <Select
            value={target}
            onChange={(event) => setTarget(event.target.value)}
            options={[
              { value: MAIN, label: "main, as it is now" },
              ...(listed ? [] : [{ value: String(draft), label: `draft #${draft}` }]),
              ...open.map((item) => ({
                value: String(item.number),
                label: `draft #${item.number}: ${item.title}`,
              })),
              { value: COMMIT, label: "another commit" },
            ]}
          />
        </Field>
        {target === COMMIT && (
          <Field label="Commit" hint="Seven characters or more of its id.">
            <TextInput
              value={commit}
              onChange={(event) => setCommit(event.target.value.trim())}
              spellCheck={false}
            />
          </Field>
        )}
        {target !== MAIN && (
          <Checkbox
            label="Compare with main"
            hint="When main was not evaluated like this yet, that is started too."
            checked={compare}
            onChange={(event) => setCompare(event.target.checked)}
          />
        )}
        {slug && subject && <PlanView project={project} suite={slug} subject={subject} />}
      </Form>
    </Dialog>
  );
}

function PlanView({ project, suite, subject }: { project: string; suite: string; subject: Subject }) {
  const plan = useQuery(planQuery(project, suite, subject));
  if (plan.isPending) return <SkeletonText lines={2} />;
  if (plan.isError) return <ErrorState error={plan.error} title="The suite cannot run there" />;
  const { rows, calls, model, adapter, dataset, dataset_version, metrics } = plan.data;
  return (
    <p className={styles.plan}>
      {plural(rows, "row")} of {dataset} v{dataset_version}, {formatNumber(calls)} model calls: {model}
      {adapter && ` with ${adapter}`}, judged by {metrics.map((metric) => metric.name).join(", ")}.
    </p>
  );
}

function subjectOf(target: string, commit: string): Subject | null {
  if (target === MAIN) return {};
  if (target !== COMMIT) return { draft: Number(target) };
  return /^[0-9a-f]{7,40}$/.test(commit) ? { commit } : null;
}
