import { useQuery } from "@tanstack/react-query";
import { filesQuery } from "@/features/prompts/files";
import { metricsQuery } from "@/features/quality/quality";
import { Button } from "@/ui/Button";
import { Field, Select, TextInput } from "@/ui/Field";
import { type FormGuard, isShareOfOwn, NEW_GUARD, nextId, usualHarm } from "./plans";
import styles from "./Rollouts.module.css";

const FIGURES = [
  { value: "errors", label: "Error rate" },
  { value: "latency", label: "Latency" },
  { value: "slow", label: "Slow answers" },
  { value: "cost", label: "Cost of a request" },
];
const PROMPT = /^prompts\/((?:.*\/)?[^_/][^/]*)\.prompt$/;

interface GuardFieldsProps {
  project: string;
  /** The candidate, whose prompts can be chosen. */
  commit: string | undefined;
  guards: FormGuard[];
  faultOf: (field: string) => string | undefined;
  onChange: (guards: FormGuard[]) => void;
}

/** What is watched, one a block, and what happens when it is worse. */
export function GuardFields({ project, commit, guards, faultOf, onChange }: GuardFieldsProps) {
  const metrics = useQuery(metricsQuery(project)).data ?? [];
  const files = useQuery({ ...filesQuery(project, commit ?? ""), enabled: Boolean(commit) }).data;
  const names = (files?.items ?? []).flatMap(({ path }) => PROMPT.exec(path)?.[1] ?? []);
  const figures = [
    ...FIGURES.map((figure) => ({ ...figure, group: "Requests" })),
    ...metrics.map((metric) => ({ value: `score:${metric.slug}`, label: metric.name, group: "Scores" })),
  ];
  return (
    <fieldset className={styles.rows}>
      <legend>Guards</legend>
      <p className={styles.quiet}>
        Each compares the candidate with everybody else, in the same time, again and again. A harmless
        candidate is stopped in at most 5 % of rollouts, all guards together.
      </p>
      {guards.map((guard, place) => (
        <GuardRow
          key={guard.id}
          guard={guard}
          place={place}
          figures={figures}
          prompts={names}
          faultOf={(field) => faultOf(`guards.${place}.${field}`)}
          onChange={(fields) =>
            onChange(guards.map((item) => (item.id === guard.id ? { ...item, ...fields } : item)))
          }
          onRemove={() => onChange(guards.filter((item) => item.id !== guard.id))}
        />
      ))}
      <div>
        <Button
          size="small"
          icon="plus"
          onClick={() => onChange([...guards, { ...NEW_GUARD, id: nextId() }])}
        >
          Add a guard
        </Button>
      </div>
    </fieldset>
  );
}

interface GuardRowProps {
  guard: FormGuard;
  place: number;
  figures: { value: string; label: string; group: string }[];
  prompts: string[];
  faultOf: (field: string) => string | undefined;
  onChange: (fields: Partial<FormGuard>) => void;
  onRemove: () => void;
}

function GuardRow({ guard, place, figures, prompts, faultOf, onChange, onRemove }: GuardRowProps) {
  const own = isShareOfOwn(guard.what);
  const unit = own ? "%" : "points";
  const which = `guard ${place + 1}`;
  return (
    <div className={styles.row}>
      <Field label={`What ${which} watches`} hideLabel error={faultOf("metric")}>
        <Select
          value={guard.what}
          options={figures}
          onChange={(event) => {
            const what = event.target.value;
            onChange(isShareOfOwn(what) === own ? { what } : { what, by: usualHarm(what), tolerated: "0" });
          }}
        />
      </Field>
      {guard.what === "slow" && (
        <>
          <span>above</span>
          <Field label={`Milliseconds of ${which}`} hideLabel error={faultOf("bound")}>
            <TextInput
              inputMode="numeric"
              value={guard.bound}
              onChange={(event) => onChange({ bound: event.target.value })}
            />
          </Field>
          <span>ms</span>
        </>
      )}
      <span>of</span>
      <Field label={`Prompt that ${which} watches`} hideLabel error={faultOf("prompt")}>
        <Select
          value={guard.prompt}
          options={[
            { value: "", label: "all requests" },
            ...[...new Set([...prompts, guard.prompt])]
              .filter(Boolean)
              .map((name) => ({ value: name, label: name })),
          ]}
          onChange={(event) => onChange({ prompt: event.target.value })}
        />
      </Field>
      <Button size="small" variant="quiet" icon="trash" aria-label={`Remove ${which}`} onClick={onRemove} />
      <div className={styles.clause}>
        {guard.what.startsWith("score:") && (
          <Field label={`Which way ${which} sees harm`} hideLabel>
            <Select
              value={guard.worse}
              options={[
                { value: "lower", label: "lower is worse" },
                { value: "higher", label: "higher is worse" },
              ]}
              onChange={(event) => onChange({ worse: event.target.value as FormGuard["worse"] })}
            />
          </Field>
        )}
        <span>looks for</span>
        <Field label={`Harm that ${which} looks for, in ${unit}`} hideLabel error={faultOf("catch")}>
          <TextInput
            inputMode="decimal"
            value={guard.by}
            onChange={(event) => onChange({ by: event.target.value })}
          />
        </Field>
        <span>{unit} worse, lets pass</span>
        <Field label={`Harm that ${which} lets pass, in ${unit}`} hideLabel error={faultOf("tolerated")}>
          <TextInput
            inputMode="decimal"
            value={guard.tolerated}
            onChange={(event) => onChange({ tolerated: event.target.value })}
          />
        </Field>
        <span>{unit}, else</span>
        <Field label={`What ${which} does`} hideLabel>
          <Select
            value={guard.action}
            options={[
              { value: "rollback", label: "rolls back" },
              { value: "pause", label: "pauses" },
            ]}
            onChange={(event) => onChange({ action: event.target.value as FormGuard["action"] })}
          />
        </Field>
      </div>
    </div>
  );
}
