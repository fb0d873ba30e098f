import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type CandidateProps, useCandidate } from "@/features/deployments/candidate";
import { commitOptions } from "@/features/deployments/DeployDialog";
import { WhatChanges } from "@/features/deployments/WhatChanges";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Field, Form, Select, TextInput } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import { GuardFields, PlanFields } from "./PlanFields";
import { type FormGuard, type FormStep, guardsOf, nextId, PRESETS, planOf, stepsOf } from "./plans";
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
    { id: nextId(), what: "errors", by: "5", bound: "", action: "rollback" },
  ]);
  const [by, setBy] = useState("targetingKey");
  const [note, setNote] = useState("");
  if (!environment) return null;
  const blocked = !preview.data || preview.data.obstacles.length > 0 || !environment.current;
  const submit = () => {
    if (blocked || !preview.data) return;
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
          onChange={(next) => {
            setSteps(next);
            setPreset("own");
          }}
        />
        <GuardFields project={project} guards={guards} onChange={setGuards} />
        <div className={styles.choice}>
          <Field
            label="Callers are told apart by"
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
