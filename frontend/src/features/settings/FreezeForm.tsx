import { useState } from "react";
import { type ApiProblem, toProblem } from "@/api/problem";
import type { Environment } from "@/features/deployments/deployments";
import { ownZone, zoneOptions } from "@/lib/zones";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, Select, TextInput } from "@/ui/Field";
import { type NewFreeze, useAddFreeze } from "./environments";
import styles from "./Settings.module.css";

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].map(
  (label, day) => ({ value: String(day), label }),
);
const KINDS = [
  { value: "weekly", label: "Every week" },
  { value: "once", label: "Once" },
];
const START = { from_day: 4, from_time: "16:00", to_day: 0, to_time: "08:00", starts_at: "", ends_at: "" };
type When = typeof START;

interface FreezeFormProps {
  project: string;
  environments: Environment[];
  onDone: () => void;
}

/** Where, when and why nothing new goes live. */
export function FreezeForm({ project, environments, onDone }: FreezeFormProps) {
  const [where, setWhere] = useState(environments.find((each) => each.guarded)?.slug ?? "");
  const [kind, setKind] = useState<string>("weekly");
  const [zone, setZone] = useState(ownZone());
  const [reason, setReason] = useState("");
  const [when, setWhen] = useState<When>(START);
  const add = useAddFreeze(project, onDone);
  const problem = add.error ? toProblem(add.error) : undefined;
  const submit = () => {
    const { starts_at, ends_at, ...weekly } = when;
    const span = kind === "once" ? { starts_at, ends_at } : weekly;
    const kindOf = kind as NewFreeze["kind"];
    add.mutate({ environment: where || null, kind: kindOf, zone, reason: reason.trim(), ...span });
  };
  const Span = kind === "once" ? Once : Weekly;
  return (
    <Form
      onSubmit={submit}
      actions={
        <Button
          variant="primary"
          type="submit"
          loading={add.isPending}
          disabled={!reason.trim() || (kind === "once" && !(when.starts_at && when.ends_at))}
        >
          Add the freeze
        </Button>
      }
    >
      <Field label="Why" error={problem?.field("reason")} hint="Shown to whoever is held back.">
        <TextInput
          value={reason}
          maxLength={300}
          autoFocus
          onChange={(event) => setReason(event.target.value)}
        />
      </Field>
      <Field label="Where" error={problem?.field("environment")}>
        <Select
          options={[
            { value: "", label: "Every environment" },
            ...environments.map(({ slug, name }) => ({ value: slug, label: name })),
          ]}
          value={where}
          onChange={(event) => setWhere(event.target.value)}
        />
      </Field>
      <Field label="How often">
        <Select options={KINDS} value={kind} onChange={(event) => setKind(event.target.value)} />
      </Field>
      <Span when={when} problem={problem} onChange={(next) => setWhen({ ...when, ...next })} />
      <Field label="By the clock of" error={problem?.field("zone")}>
        <Select options={zoneOptions()} value={zone} onChange={(event) => setZone(event.target.value)} />
      </Field>
      {!problem?.errors.length && <FormError error={add.error} />}
    </Form>
  );
}

interface SpanProps {
  when: When;
  problem: ApiProblem | undefined;
  onChange: (next: Partial<When>) => void;
}

function Weekly({ when, problem, onChange }: SpanProps) {
  return (
    <>
      <div className={styles.pair}>
        <Field label="From">
          <Select
            options={DAYS}
            value={String(when.from_day)}
            onChange={(event) => onChange({ from_day: Number(event.target.value) })}
          />
        </Field>
        <Field label="From what time" hideLabel error={problem?.field("from_time")}>
          <TextInput
            type="time"
            value={when.from_time}
            onChange={(event) => onChange({ from_time: event.target.value })}
          />
        </Field>
      </div>
      <div className={styles.pair}>
        <Field label="To">
          <Select
            options={DAYS}
            value={String(when.to_day)}
            onChange={(event) => onChange({ to_day: Number(event.target.value) })}
          />
        </Field>
        <Field label="To what time" hideLabel error={problem?.field("to_time")}>
          <TextInput
            type="time"
            value={when.to_time}
            onChange={(event) => onChange({ to_time: event.target.value })}
          />
        </Field>
      </div>
    </>
  );
}

function Once({ when, problem, onChange }: SpanProps) {
  return (
    <>
      <Field label="From" error={problem?.field("starts_at")}>
        <TextInput
          type="datetime-local"
          value={when.starts_at}
          onChange={(event) => onChange({ starts_at: event.target.value })}
        />
      </Field>
      <Field label="To" error={problem?.field("ends_at")}>
        <TextInput
          type="datetime-local"
          value={when.ends_at}
          onChange={(event) => onChange({ ends_at: event.target.value })}
        />
      </Field>
    </>
  );
}
