import { useQuery } from "@tanstack/react-query";
import { Button } from "@/ui/Button";
import { Field, Select, TextInput } from "@/ui/Field";
import { type FormStep, type HoldKind, nobodyToCompare, withOneMore } from "./plans";
import styles from "./Rollouts.module.css";
import { segmentsQuery } from "./rollouts";

const HOLDS: { value: HoldKind; label: string }[] = [
  { value: "requests", label: "requests" },
  { value: "scored", label: "scored requests" },
  { value: "minutes", label: "minutes" },
  { value: "hours", label: "hours" },
  { value: "approval", label: "a person’s approval" },
  { value: "nothing", label: "no waiting" },
];
const BEFORE: Partial<Record<HoldKind, string>> = { minutes: "for", hours: "for", nothing: "with" };

interface PlanFieldsProps {
  project: string;
  environment: string;
  steps: FormStep[];
  /** Whether guards watch: then a step that they cannot see into says so. */
  guarded: boolean;
  faultOf: (field: string) => string | undefined;
  onChange: (steps: FormStep[]) => void;
}

/** The steps, one a line: how many of whom, and what the step waits for. */
export function PlanFields({ project, environment, steps, guarded, faultOf, onChange }: PlanFieldsProps) {
  const segments = useQuery(segmentsQuery(project, environment)).data ?? [];
  const change = (id: number, fields: Partial<FormStep>) =>
    onChange(steps.map((step) => (step.id === id ? { ...step, ...fields } : step)));
  const people = [
    { value: "", label: "all callers" },
    ...segments.map((name) => ({ value: name, label: name })),
  ];
  return (
    <fieldset className={styles.rows}>
      <legend>Steps</legend>
      {steps.map((step, place) => (
        <div key={step.id} className={styles.row}>
          <Field label={`Percent of step ${place + 1}`} hideLabel error={faultOf(`plan.${place}.percent`)}>
            <TextInput
              inputMode="decimal"
              value={step.percent}
              onChange={(event) => change(step.id, { percent: event.target.value })}
            />
          </Field>
          <span>% of</span>
          <Field label={`Who, in step ${place + 1}`} hideLabel error={faultOf(`plan.${place}.segment`)}>
            <Select
              value={step.segment}
              options={people}
              onChange={(event) => change(step.id, { segment: event.target.value })}
            />
          </Field>
          <span>{BEFORE[step.hold] ?? "until"}</span>
          {step.hold !== "approval" && step.hold !== "nothing" && (
            <Field
              label={`How much step ${place + 1} waits for`}
              hideLabel
              error={faultOf(`plan.${place}.hold`)}
            >
              <TextInput
                inputMode="numeric"
                value={step.amount}
                onChange={(event) => change(step.id, { amount: event.target.value })}
              />
            </Field>
          )}
          <Field label={`What step ${place + 1} waits for`} hideLabel>
            <Select
              value={step.hold}
              options={HOLDS}
              onChange={(event) => change(step.id, { hold: event.target.value as HoldKind })}
            />
          </Field>
          <Button
            size="small"
            variant="quiet"
            icon="trash"
            aria-label={`Remove step ${place + 1}`}
            disabled={steps.length === 1}
            onClick={() => onChange(steps.filter((item) => item.id !== step.id))}
          />
          {guarded && nobodyToCompare(step) && <p className={styles.note}>{nobodyToCompare(step)}</p>}
        </div>
      ))}
      <div>
        <Button size="small" icon="plus" onClick={() => onChange(withOneMore(steps))}>
          Add a step
        </Button>
      </div>
    </fieldset>
  );
}
