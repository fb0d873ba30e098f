import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ApiProblem } from "@/api/problem";
import { Checkbox, Field, Select, TextInput } from "@/ui/Field";
import styles from "./Alerts.module.css";
import { channelsQuery, namesQuery } from "./alerts";
import { evaluatedEvery, type RuleForm, UNITS, withKind } from "./ruleForm";
import { isBelow, KINDS } from "./words";

const QUANTILES = [
  { value: "0.5", label: "p50, the median" },
  { value: "0.95", label: "p95" },
  { value: "0.99", label: "p99" },
];

interface FieldsetProps {
  project: string;
  form: RuleForm;
  onChange: (form: RuleForm) => void;
  problem: ApiProblem | undefined;
  isNew: boolean;
}

/** Every setting of a rule, in the order in which one thinks of it: what, where, when, who is told. */
export function RuleFieldset({ project, form, onChange, problem, isNew }: FieldsetProps) {
  const set = (change: Partial<RuleForm>) => onChange({ ...form, ...change });
  const text = (name: keyof RuleForm) => ({
    value: String(form[name]),
    onChange: (event: { target: { value: string } }) => set({ [name]: event.target.value }),
  });
  return (
    <div className={styles.fields}>
      <Field label="Name" error={problem?.field("name")}>
        <TextInput {...text("name")} maxLength={100} autoFocus={isNew} placeholder="Errors in production" />
      </Field>
      <What project={project} form={form} onChange={onChange} problem={problem} />
      <Where project={project} form={form} onChange={onChange} problem={problem} />
      <div className={styles.three}>
        <Field label="Window" hint="minutes" error={problem?.field("window_minutes")}>
          <TextInput {...text("window")} inputMode="numeric" />
        </Field>
        <Field
          label="At least"
          hint={form.kind === "score" ? "scores" : "requests"}
          error={problem?.field("minimum_n")}
        >
          <TextInput {...text("minimum")} inputMode="numeric" disabled={form.kind === "traffic"} />
        </Field>
        <Field
          label="In a row"
          hint={`evaluations, ${evaluatedEvery(form.window)} apart`}
          error={problem?.field("consecutive")}
        >
          <TextInput {...text("consecutive")} inputMode="numeric" />
        </Field>
      </div>
      {form.kind !== "traffic" && (
        <Checkbox
          label="Only when sure"
          hint="Fires when the whole 95 % interval is beyond the limit; else as soon as the estimate is, with more false alarms."
          checked={form.sure}
          onChange={(event) => set({ sure: event.target.checked })}
        />
      )}
      <Told project={project} form={form} onChange={onChange} />
      {!isNew && (
        <Checkbox
          label="Watches"
          hint="Switched off, it is not evaluated; an alert that fires is closed."
          checked={form.enabled}
          onChange={(event) => set({ enabled: event.target.checked })}
        />
      )}
    </div>
  );
}

type PartProps = Omit<FieldsetProps, "isNew">;

function What({ project, form, onChange, problem }: PartProps) {
  const names = useQuery(namesQuery(project)).data;
  return (
    <>
      <div className={styles.two}>
        <Field label="Watch" error={problem?.field("kind")}>
          <Select
            options={KINDS}
            value={form.kind}
            onChange={(event) => onChange(withKind(form, event.target.value))}
          />
        </Field>
        {form.kind === "score" && (
          <Field label="Metric" error={problem?.field("metric")}>
            <Select
              placeholder="Choose a metric"
              options={names?.metrics ?? []}
              value={form.metric}
              onChange={(event) => onChange({ ...form, metric: event.target.value })}
            />
          </Field>
        )}
        {form.kind === "latency" && (
          <Field label="Quantile" error={problem?.field("quantile")}>
            <Select
              options={QUANTILES}
              value={form.quantile}
              onChange={(event) => onChange({ ...form, quantile: event.target.value })}
            />
          </Field>
        )}
      </div>
      <Field
        label={isBelow(form.kind) ? "Fires below" : "Fires above"}
        hint={UNITS[form.kind]}
        error={problem?.field("threshold")}
      >
        <TextInput
          className={styles.limitInput}
          inputMode="decimal"
          value={form.limit}
          onChange={(event) => onChange({ ...form, limit: event.target.value })}
        />
      </Field>
    </>
  );
}

function Where({ project, form, onChange, problem }: PartProps) {
  const names = useQuery(namesQuery(project)).data;
  const prompts = withCurrent(names?.prompts ?? [], form.prompt);
  const environments = names?.environments ?? [{ value: form.environment, label: form.environment }];
  return (
    <div className={styles.two}>
      <Field label="Prompt" error={problem?.field("prompt")}>
        <Select
          placeholder="All prompts"
          options={prompts.map((value) => ({ value, label: value }))}
          value={form.prompt}
          onChange={(event) => onChange({ ...form, prompt: event.target.value })}
        />
      </Field>
      <Field label="Environment" error={problem?.field("environment")}>
        <Select
          placeholder="All environments"
          options={environments.filter((item) => item.value)}
          value={form.environment}
          onChange={(event) => onChange({ ...form, environment: event.target.value })}
        />
      </Field>
    </div>
  );
}

function withCurrent(names: string[], current: string): string[] {
  return current && !names.includes(current) ? [...names, current] : names;
}

function Told({ project, form, onChange }: Pick<PartProps, "project" | "form" | "onChange">) {
  const channels = useQuery(channelsQuery(project)).data ?? [];
  const toggle = (id: number, on: boolean) =>
    onChange({
      ...form,
      channels: on ? [...form.channels, id] : form.channels.filter((item) => item !== id),
    });
  return (
    <fieldset className={styles.told}>
      <legend>Tell</legend>
      {channels.map((channel) => (
        <Checkbox
          key={channel.id}
          label={channel.enabled ? channel.name : `${channel.name} (off)`}
          checked={form.channels.includes(channel.id)}
          onChange={(event) => toggle(channel.id, event.target.checked)}
        />
      ))}
      {channels.length === 0 && (
        <p className={styles.quiet}>
          No channel yet: alerts show on this page alone.{" "}
          <Link to="/p/$project/alerts" params={{ project }} search={{ tab: "channels", channel: "new" }}>
            Make one
          </Link>
        </p>
      )}
    </fieldset>
  );
}
