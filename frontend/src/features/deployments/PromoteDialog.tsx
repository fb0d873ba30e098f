import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Field, Form, TextArea } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import { CarryRules } from "./CarryRules";
import styles from "./Deployments.module.css";
import {
  type Environment,
  type Promotion,
  promotionQuery,
  useEnvironmentNames,
  usePromote,
} from "./deployments";
import { WhatChanges } from "./WhatChanges";

interface PromoteDialogProps {
  project: string;
  environment: Environment;
  onClose: () => void;
}

/** Makes live here what is live in the environment before: says what will change and what is in the way. */
export function PromoteDialog({ project, environment, onClose }: PromoteDialogProps) {
  const shown = useQuery(promotionQuery(project, environment.slug));
  const nameOf = useEnvironmentNames(project);
  const [note, setNote] = useState("");
  const promote = usePromote(project);
  const [carry, setCarry] = useState(false);
  const rules = carry && shown.data?.rules?.changes.length ? shown.data.rules : null;
  const ready = shown.data && mayPromote(shown.data, rules !== null);
  const submit = () => {
    if (!shown.data || !ready) return;
    const { commit, current } = shown.data;
    const carried =
      rules?.number != null ? { rules: rules.number, expected_rules: rules.expected } : undefined;
    promote.mutate(
      { environment: environment.slug, commit, note, expected: current?.number ?? null, ...carried },
      {
        onSuccess: (made) => {
          toast(`${environment.name} serves “${made.subject}” now`);
          onClose();
        },
      },
    );
  };
  return (
    <Dialog open shape="wide" onClose={onClose} title={`Promote to ${environment.name}`}>
      <Form
        onSubmit={submit}
        actions={
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="primary" loading={promote.isPending} disabled={!ready}>
              Promote to {environment.name}
            </Button>
          </>
        }
      >
        {shown.data && (
          <p className={styles.quiet}>
            “{shown.data.subject}” was live in {nameOf(shown.data.origin)} for{" "}
            {timeInWords(shown.data.seconds_live)}.
          </p>
        )}
        <div className={styles.preview} aria-live="polite">
          {shown.isError && <ErrorState error={shown.error} retry={() => void shown.refetch()} />}
          {shown.isPending && <SkeletonText lines={5} />}
          {shown.data && <WhatChanges project={project} environment={environment} preview={shown.data} />}
          {shown.data?.rules && (
            <CarryRules
              rules={shown.data.rules}
              from={nameOf(shown.data.origin)}
              to={environment.name}
              checked={carry}
              onChange={setCarry}
            />
          )}
        </div>
        <Field label="Note" optional hint="Why now? It stays with the deployment.">
          <TextArea
            rows={2}
            maxLength={1900}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        </Field>
        <FormError error={promote.error} />
      </Form>
    </Dialog>
  );
}

/** Nothing in the way; the rules alone may still go when the commit is live there already. */
function mayPromote(shown: Promotion, rules: boolean): boolean {
  if (!rules) return shown.obstacles.length === 0;
  return shown.rules?.faults.length === 0 && shown.obstacles.every(({ code }) => code === "already_live");
}

function timeInWords(seconds: number): string {
  if (seconds < 60) return "less than a minute";
  const hours = Math.floor(seconds / 3600);
  if (hours >= 48) return plural(Math.floor(hours / 24), "day");
  return hours > 0 ? plural(hours, "hour") : plural(Math.floor(seconds / 60), "minute");
}
