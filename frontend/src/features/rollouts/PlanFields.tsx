import { useQuery } from "@tanstack/react-query";
import { metricsQuery } from "@/features/quality/quality";
import { Button } from "@/ui/Button";
import { Field, Select, TextInput } from "@/ui/Field";
import { type FormGuard, type FormStep, type HoldKind, nextId } from "./plans";
import styles from "./Rollouts.module.css";
import { segmentsQuery } from "./rollouts";

const HOLDS: { value: HoldKind; label: string }[] = [
  { value: "requests", label: "requests" },
  { value: "scored", label: "scored requests" },
  { value: "minutes", label: "minutes" },
  { value: "approval", label: "a person’s approval" },
  { value: "nothing", label: "no waiting" },
];
const FIGURES = [
  { value: "errors", label: "Error rate" },
  { value: "latency", label: "Latency" },
  { value: "slow", label: "Slow answers" },
  { value: "cost", label: "Cost of a request" },
];

interface PlanFieldsProps {
  project: string;
  environment: string;
  steps: FormStep[];
  onChange: (steps: FormStep[]) => void;
}

/** The steps, one a line: how many of whom, and what the step waits for. */
export function PlanFields({ project, environment, steps, onChange }: PlanFieldsProps) {
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
          <Field label={`Percent of step ${place + 1}`} hideLabel>
            <TextInput
              inputMode="decimal"
              value={step.percent}
              onChange={(event) => change(step.id, { percent: event.target.value })}
            />
          </Field>
          <span>% of</span>
          <Field label={`Who, in step ${place + 1}`} hideLabel>
            <Select
              value={step.segment}
              options={people}
              onChange={(event) => change(step.id, { segment: event.target.value })}
            />
          </Field>
          <span>{step.hold === "nothing" ? "with" : "until"}</span>
          {step.hold !== "approval" && step.hold !== "nothing" && (
            <Field label={`How much step ${place + 1} waits for`} hideLabel>
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
        </div>
      ))}
      <div>
        <Button
          size="small"
          icon="plus"
          onClick={() =>
            onChange([...steps, { id: nextId(), percent: "100", segment: "", hold: "approval", amount: "0" }])
          }
        >
          Add a step
        </Button>
      </div>
    </fieldset>
  );
}

interface GuardFieldsProps {
  project: string;
  guards: FormGuard[];
  onChange: (guards: FormGuard[]) => void;
}

/** What is watched, one a line, and what happens when it is worse. */
export function GuardFields({ project, guards, onChange }: GuardFieldsProps) {
  const metrics = useQuery(metricsQuery(project)).data ?? [];
  const change = (id: number, fields: Partial<FormGuard>) =>
    onChange(guards.map((guard) => (guard.id === id ? { ...guard, ...fields } : guard)));
  const figures = [
    ...FIGURES.map((figure) => ({ ...figure, group: "Requests" })),
    ...metrics.map((metric) => ({ value: `score:${metric.slug}`, label: metric.name, group: "Scores" })),
  ];
  return (
    <fieldset className={styles.rows}>
      <legend>Guards</legend>
      <p className={styles.quiet}>
        Each compares the candidate with everybody else, in the same time, after every look. A harmless
        candidate is stopped in at most 5 % of rollouts, all guards together.
      </p>
      {guards.map((guard, place) => (
        <div key={guard.id} className={styles.row}>
          <Field label={`What guard ${place + 1} watches`} hideLabel>
            <Select
              value={guard.what}
              options={figures}
              onChange={(event) => change(guard.id, { what: event.target.value })}
            />
          </Field>
          {guard.what === "slow" && (
            <>
              <span>above</span>
              <Field label={`Milliseconds of guard ${place + 1}`} hideLabel>
                <TextInput
                  inputMode="numeric"
                  placeholder="ms"
                  value={guard.bound}
                  onChange={(event) => change(guard.id, { bound: event.target.value })}
                />
              </Field>
              <span>ms</span>
            </>
          )}
          <span>worse by</span>
          <Field label={`Harm that guard ${place + 1} looks for`} hideLabel>
            <TextInput
              inputMode="decimal"
              value={guard.by}
              onChange={(event) => change(guard.id, { by: event.target.value })}
            />
          </Field>
          <span>{guard.what === "latency" || guard.what === "cost" ? "%, then" : "points, then"}</span>
          <Field label={`What guard ${place + 1} does`} hideLabel>
            <Select
              value={guard.action}
              options={[
                { value: "rollback", label: "roll back" },
                { value: "pause", label: "pause" },
              ]}
              onChange={(event) => change(guard.id, { action: event.target.value as FormGuard["action"] })}
            />
          </Field>
          <Button
            size="small"
            variant="quiet"
            icon="trash"
            aria-label={`Remove guard ${place + 1}`}
            onClick={() => onChange(guards.filter((item) => item.id !== guard.id))}
          />
        </div>
      ))}
      <div>
        <Button
          size="small"
          icon="plus"
          onClick={() =>
            onChange([...guards, { id: nextId(), what: "latency", by: "20", bound: "1000", action: "pause" }])
          }
        >
          Add a guard
        </Button>
      </div>
    </fieldset>
  );
}
