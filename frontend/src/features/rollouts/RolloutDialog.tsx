import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { type CandidateProps, useCandidate } from "@/features/deployments/candidate";
import { commitOptions } from "@/features/deployments/DeployDialog";
import { WhatChanges } from "@/features/deployments/WhatChanges";
import { metricsQuery } from "@/features/quality/quality";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Field, Form, Select, TextInput } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import { GuardFields } from "./GuardFields";
import { PlanFields } from "./PlanFields";
import {
  type FormGuard,
  type FormStep,
  faultsOf,
  guardsOf,
  NEW_GUARD,
  nextId,
  PRESETS,
  planInWords,
  planOf,
  stepsOf,
} from "./plans";
import styles from "./Rollouts.module.css";
import { useStart } from "./rollouts";

/** Chooses a candidate, its plan and its guards, and begins with the first step. */
export function RolloutDialog(props: CandidateProps) {
  const { project, environments, onChange, onClose } = props;
  const { environment, commits, sha, preview, namesOf } = useCandidate(props);
  const navigate = useNavigate();
  const start = useStart(project);
  const [preset, setPreset] = useState("careful");
  const [steps, setSteps] = useState<FormStep[]>(() => (PRESETS[0] ? stepsOf(PRESETS[0]) : []));
  const [guards, setGuards] = useState<FormGuard[]>([
    { ...NEW_GUARD, id: nextId(), what: "errors", by: "5", action: "rollback" },
  ]);
  const [by, setBy] = useState("targetingKey");
  const [note, setNote] = useState("");
  const [tried, setTried] = useState(false);
  const metrics = useQuery(metricsQuery(project)).data ?? [];
  if (!environment) return null;
  const blocked = !preview.data || preview.data.obstacles.length > 0 || !environment.current;
  const faults = faultsOf(steps, guards);
  const problem = start.error ? toProblem(start.error) : undefined;
  const faultOf = (field: string) =>
    (tried ? faults[field] : undefined) ??
    ["", ".seconds", ".requests", ".scored"].map((end) => problem?.field(field + end)).find(Boolean);
  const submit = () => {
    setTried(true);
    if (blocked || !preview.data || Object.keys(faults).length > 0) return;
    start.mutate(
      {
        environment: environment.slug,
        commit: preview.data.commit,
        plan: planOf(steps),
        guards: guardsOf(guards),
        by,
        note,
        expected: preview.data.current?.number ?? null,
      },
      {
        onSuccess: (made) => {
          toast(`Rollout #${made.number} began`);
          void navigate({
            to: "/p/$project/rollouts/$number",
            params: { project, number: String(made.number) },
          });
        },
      },
    );
  };
  return (
    <Dialog
      open
      shape="wide"
      onClose={onClose}
      title="Roll out gradually"
      description="A small share of the callers gets the commit first, then more and more. Everybody else keeps what is live."
    >
      <Form
        onSubmit={submit}
        actions={
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="primary" loading={start.isPending} disabled={blocked}>
              Start in {environment.name}
            </Button>
          </>
        }
      >
        <div className={styles.choice}>
          <Field label="Environment">
            <Select
              value={environment.slug}
              options={environments.map(({ slug, name }) => ({ value: slug, label: name }))}
              onChange={(event) => onChange(event.target.value, props.commit)}
            />
          </Field>
          <Field label="Commit">
            <Select
              value={sha ?? ""}
              options={commitOptions(commits ?? [], sha, namesOf)}
              onChange={(event) => onChange(environment.slug, event.target.value)}
            />
          </Field>
        </div>
        <div aria-live="polite" className={styles.preview}>
          {preview.isError && <ErrorState error={preview.error} retry={() => void preview.refetch()} />}
          {preview.isPending && <SkeletonText lines={3} />}
          {preview.data && <WhatChanges project={project} environment={environment} preview={preview.data} />}
          {!environment.current && (
            <p>Nothing is live here to compare with. Deploy the first commit for everybody.</p>
          )}
        </div>
        <Field label="Plan" hint={PRESETS.find((item) => item.value === preset)?.hint ?? "Your own steps."}>
          <Select
            value={preset}
            options={[
              ...PRESETS.map(({ value, label }) => ({ value, label })),
              { value: "own", label: "My own steps" },
            ]}
            onChange={(event) => {
              const chosen = PRESETS.find((item) => item.value === event.target.value);
              setPreset(event.target.value);
              if (chosen) setSteps(stepsOf(chosen));
            }}
          />
        </Field>
        <PlanFields
          project={project}
          environment={environment.slug}
          steps={steps}
          guarded={guards.length > 0}
          faultOf={faultOf}
          onChange={(next) => {
            setSteps(next);
            setPreset("own");
          }}
        />
        <GuardFields project={project} commit={sha} guards={guards} faultOf={faultOf} onChange={setGuards} />
        <p className={styles.aloud} aria-live="polite">
          {planInWords(steps, guards, (slug) => metrics.find((metric) => metric.slug === slug)?.name ?? slug)}
        </p>
        <div className={styles.choice}>
          <Field
            label="Callers are told apart by"
            error={faultOf("by")}
            hint="A field of the context that apps send. The same value always gets the same side."
          >
            <TextInput value={by} maxLength={100} onChange={(event) => setBy(event.target.value)} />
          </Field>
          <Field label="Note" optional hint="Why now? It stays with the rollout.">
            <TextInput value={note} maxLength={2000} onChange={(event) => setNote(event.target.value)} />
          </Field>
        </div>
        <FormError error={start.error} />
      </Form>
    </Dialog>
  );
}
