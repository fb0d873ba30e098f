import { useState } from "react";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import { Field, TextInput } from "@/ui/Field";
import { toast } from "@/ui/Toast";
import styles from "./Deployments.module.css";
import { type Environment, type Lift, OVERRIDE_MINUTES, useOverride } from "./deployments";

interface OverrideProps {
  project: string;
  environment: Environment;
  commit: string;
  /** What stands in the way and may be overridden. */
  lifts: Lift[];
}

/** For owners: let one act of theirs go ahead with this commit, with a reason. */
export function OverrideFreeze({ project, environment, commit, lifts }: OverrideProps) {
  const [reason, setReason] = useState("");
  const lift = useOverride(project, environment.slug);
  const submit = () =>
    lift.mutate(
      { commit, reason: reason.trim(), lifts },
      { onSuccess: () => toast(`You may go ahead in ${environment.name}, once`) },
    );
  const what = lifts.map((each) => (each === "frozen" ? "the freeze" : "the missing check")).join(" and ");
  return (
    <div className={styles.override}>
      <Field
        label={`Go ahead once in spite of ${what}, because`}
        hint={`For this commit and for you alone, within ${OVERRIDE_MINUTES} minutes. The reason stays with the deployment.`}
      >
        <TextInput value={reason} maxLength={2000} onChange={(event) => setReason(event.target.value)} />
      </Field>
      <FormError error={lift.error} />
      <Button size="small" disabled={!reason.trim()} loading={lift.isPending} onClick={submit}>
        Go ahead once
      </Button>
    </div>
  );
}
