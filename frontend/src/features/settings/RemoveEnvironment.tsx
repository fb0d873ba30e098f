import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Environment } from "@/features/deployments/deployments";
import { ConfirmDialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { Field, TextInput } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import { environmentQuery, useRemoveEnvironment } from "./environments";
import styles from "./Settings.module.css";

interface RemoveProps {
  project: string;
  environment: Environment;
  onClose: () => void;
}

/** Says what goes with an environment; where something is live, asks for its short name. */
export function RemoveEnvironment({ project, environment, onClose }: RemoveProps) {
  const detail = useQuery(environmentQuery(project, environment.slug));
  const [typed, setTyped] = useState("");
  const remove = useRemoveEnvironment(project, environment.slug, () => {
    toast(`${environment.name} is gone`);
    onClose();
  });
  return (
    <ConfirmDialog
      open
      danger
      onClose={onClose}
      onConfirm={() => remove.mutate(typed.trim())}
      title={`Remove ${environment.name}?`}
      action={`Remove ${environment.name}`}
      loading={remove.isPending}
      error={remove.error}
    >
      {detail.isPending && <SkeletonText lines={3} />}
      {detail.isError && <ErrorState error={detail.error} retry={() => void detail.refetch()} />}
      {detail.data?.takes.length === 0 && <p>Nothing was ever live in it.</p>}
      {detail.data && detail.data.takes.length > 0 && (
        <>
          <p>This goes with it and cannot be brought back:</p>
          <ul className={styles.losses}>
            {detail.data.takes.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
          <p className={styles.data}>Logs stay.</p>
        </>
      )}
      {environment.current && (
        <Field label={`Type ${environment.slug} to confirm`}>
          <TextInput value={typed} spellCheck={false} onChange={(event) => setTyped(event.target.value)} />
        </Field>
      )}
    </ConfirmDialog>
  );
}
