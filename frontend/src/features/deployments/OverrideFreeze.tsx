import { useState } from "react";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import { Field, TextInput } from "@/ui/Field";
import { toast } from "@/ui/Toast";
import styles from "./Deployments.module.css";
import { type Environment, useOverride } from "./deployments";

/** For owners: lift the freezes of an environment for an hour, with a reason. */
export function OverrideFreeze({ project, environment }: { project: string; environment: Environment }) {
  const [reason, setReason] = useState("");
  const lift = useOverride(project, environment.slug);
  const submit = () =>
    lift.mutate(reason.trim(), { onSuccess: () => toast(`${environment.name} is open for an hour`) });
  return (
    <div className={styles.override}>
      <Field
        label="Override the freeze for an hour, because"
        hint="Until then others may deploy, too. The reason stands in the audit trail."
      >
        <TextInput value={reason} maxLength={2000} onChange={(event) => setReason(event.target.value)} />
      </Field>
      <FormError error={lift.error} />
      <Button size="small" disabled={!reason.trim()} loading={lift.isPending} onClick={submit}>
        Override the freeze
      </Button>
    </div>
  );
}
