import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { Field, TextArea } from "@/ui/Field";
import { Id } from "@/ui/Id";
import { Stack } from "@/ui/Page";
import { SkeletonText } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import { ChangedFiles, EveryLine } from "./ChangedFiles";
import styles from "./Deployments.module.css";
import {
  changesInWords,
  type Deployment,
  deploymentQuery,
  environmentsQuery,
  previewQuery,
  useRollBack,
} from "./deployments";
import { trafficInWords, useTraffic } from "./traffic";

interface RollBackDialogProps {
  project: string;
  environment: string;
  name: string;
  /** The number of the deployment to restore. */
  to: number | null;
  onClose: () => void;
}

/** The second of the two clicks: says what will change, then does it. */
export function RollBackDialog({ project, environment, name, to, onClose }: RollBackDialogProps) {
  const target = useQuery({ ...deploymentQuery(project, to ?? 0), enabled: to !== null });
  const live = useQuery(environmentsQuery(project)).data?.find((item) => item.slug === environment)?.current;
  const [note, setNote] = useState("");
  const act = useRollBack(project);
  const confirm = () => {
    if (to === null) return;
    act.mutate(
      { environment, to, note, expected: live?.number ?? null },
      {
        onSuccess: (made) => {
          toast(`${name} serves “${made.subject}” again`);
          onClose();
        },
      },
    );
  };
  return (
    <ConfirmDialog
      open
      danger
      onClose={onClose}
      onConfirm={confirm}
      title={`Roll back ${name}?`}
      action={`Roll back ${name}`}
      loading={act.isPending}
      error={act.error}
    >
      <Stack gap={3}>
        {target.isError && <ErrorState error={target.error} retry={() => void target.refetch()} />}
        {target.data && live ? (
          <WhatComesBack project={project} environment={environment} live={live} target={target.data} />
        ) : (
          <SkeletonText lines={4} />
        )}
        <Field label="Why" optional>
          <TextArea
            rows={2}
            maxLength={2000}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        </Field>
      </Stack>
    </ConfirmDialog>
  );
}

interface WhatComesBackProps {
  project: string;
  environment: string;
  live: Deployment;
  target: Deployment;
}

function WhatComesBack({ project, environment, live, target }: WhatComesBackProps) {
  const preview = useQuery(previewQuery(project, environment, target.commit));
  const requests = useTraffic(project, environment);
  return (
    <>
      <p>
        From <Id value={live.commit} label="commit" /> “{live.subject}” back to{" "}
        <Id value={target.commit} label="commit" /> “{target.subject}” (#{target.restores ?? target.number}).{" "}
        {preview.data && `${sentence(changesInWords(preview.data.changes))}.`}
      </p>
      {preview.isPending && <SkeletonText lines={2} />}
      {preview.data && <ChangedFiles changes={preview.data.changes} />}
      <EveryLine project={project} base={live.commit} head={target.commit} />
      <p className={styles.quiet}>
        {requests !== undefined && `There were ${trafficInWords(requests)}. `}
        The bundle that was frozen then is served again; apps have it within seconds. Nothing in Git changes.
      </p>
    </>
  );
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
