import { useState } from "react";
import type { Commit } from "@/features/prompts/files";
import { ownZone, zoneOptions } from "@/lib/zones";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, Select, TextArea, TextInput } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import { type CandidateProps, useCandidate } from "./candidate";
import styles from "./Deployments.module.css";
import { type Preview, useDeploy, useSchedule } from "./deployments";
import { WhatChanges } from "./WhatChanges";

/** Chooses a commit and an environment, says what will change and what is in the way, and makes it live. */
export function DeployDialog(props: CandidateProps) {
  const { project, environments, onChange, onClose } = props;
  const { environment, commits, sha, preview, namesOf } = useCandidate(props);
  const [note, setNote] = useState("");
  const deploy = useDeploy(project);
  const schedule = useSchedule(project);
  const [later, setLater] = useState<Later>();
  if (!environment) return null;
  const ready = preview.data && (later ? plannable(preview.data) : preview.data.obstacles.length === 0);
  const submit = () => {
    if (!preview.data || !ready) return;
    if (later) {
      schedule.mutate(
        { environment: environment.slug, commit: preview.data.commit, note, ...later },
        {
          onSuccess: () => {
            toast(`Scheduled for ${environment.name}`);
            onClose();
          },
        },
      );
      return;
    }
    const body = { commit: preview.data.commit, note, expected: preview.data.current?.number ?? null };
    deploy.mutate(
      { environment: environment.slug, ...body },
      {
        onSuccess: (made) => {
          toast(`${environment.name} serves “${made.subject}” now`);
          onClose();
        },
      },
    );
  };
  return (
    <Dialog open shape="wide" onClose={onClose} title="Deploy">
      <Form
        onSubmit={submit}
        actions={
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button
              type="submit"
              variant="primary"
              loading={deploy.isPending || schedule.isPending}
              disabled={!ready || later?.at === ""}
            >
              {later ? "Schedule for" : "Deploy to"} {environment.name}
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
        <div className={styles.preview} aria-live="polite">
          {preview.isError && <ErrorState error={preview.error} retry={() => void preview.refetch()} />}
          {preview.isPending && <SkeletonText lines={5} />}
          {preview.data && <WhatChanges project={project} environment={environment} preview={preview.data} />}
        </div>
        <Field label="Note" optional hint="Why now? It stays with the deployment.">
          <TextArea
            rows={2}
            maxLength={2000}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        </Field>
        <LaterFields later={later} onChange={setLater} />
        <FormError error={later ? schedule.error : deploy.error} />
      </Form>
    </Dialog>
  );
}

/** Newest first; the chosen one is among them even when it is older than the list. */
export function commitOptions(
  commits: Commit[],
  chosen: string | undefined,
  namesOf: (sha: string) => string[],
) {
  const known = commits.map((commit) => ({
    value: commit.sha,
    label: `${[...namesOf(commit.sha), commit.subject].join(" · ")} (${commit.sha.slice(0, 8)}, ${commit.author_name})`,
  }));
  const missing = chosen && !known.some((option) => option.value === chosen);
  return missing ? [...known, { value: chosen, label: chosen.slice(0, 12) }] : known;
}

interface Later {
  at: string;
  zone: string;
  allow_between: boolean;
}

/** What may be scheduled though it could not go live now: the rest is looked at when the time has come. */
function plannable(preview: Preview): boolean {
  return preview.obstacles.every(
    (obstacle) => !["already_live", "not_on_main", "bad_files"].includes(obstacle.code),
  );
}

function LaterFields({
  later,
  onChange,
}: {
  later: Later | undefined;
  onChange: (later: Later | undefined) => void;
}) {
  return (
    <>
      <Checkbox
        label="Not now, but at a time"
        checked={later !== undefined}
        onChange={(event) =>
          onChange(event.target.checked ? { at: "", zone: ownZone(), allow_between: false } : undefined)
        }
      />
      {later && (
        <>
          <div className={styles.moments}>
            <Field label="When" hint="Checks, approvals and freezes are looked at then.">
              <TextInput
                type="datetime-local"
                value={later.at}
                onChange={(event) => onChange({ ...later, at: event.target.value })}
              />
            </Field>
            <Field label="By the clock of">
              <Select
                options={zoneOptions()}
                value={later.zone}
                onChange={(event) => onChange({ ...later, zone: event.target.value })}
              />
            </Field>
          </div>
          <Checkbox
            label="Also when something else went live here in between"
            checked={later.allow_between}
            onChange={(event) => onChange({ ...later, allow_between: event.target.checked })}
          />
        </>
      )}
    </>
  );
}
