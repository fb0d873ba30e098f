import { useState } from "react";
import { toProblem } from "@/api/problem";
import { useCan } from "@/api/session";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, Select, TextArea, TextInput } from "@/ui/Field";
import { ConfigFields } from "./ConfigFields";
import styles from "./Evaluations.module.css";
import { JudgeFields } from "./JudgeFields";
import { type CodeFunction, type ConfigField, type Metric, type MetricFields, useSaveMetric } from "./suites";
import { TrialCard } from "./TrialCard";

interface Functions {
  items: CodeFunction[];
  judge: Record<string, unknown>;
}

interface MetricFormProps {
  project: string;
  before: Metric | undefined;
  /** A metric whose settings a new one starts from. */
  copied: Metric | undefined;
  functions: Functions;
  onSaved: (metric: Metric) => void;
}

const JUDGE = "judge";

/** What a metric is, its settings, and a place to try it on one output before anything is saved. */
export function MetricForm({ project, before, copied, functions, onSaved }: MetricFormProps) {
  const [fields, setFields] = useState<MetricFields>(() =>
    firstFields(before ?? copied, copied !== undefined, functions),
  );
  const set = (changes: Partial<MetricFields>) => setFields((now) => ({ ...now, ...changes }));
  const save = useSaveMetric(project, before, onSaved);
  const problem = save.isError ? toProblem(save.error) : undefined;
  const may = useCan(project, "editor") && !before?.built_in && !before?.archived_at;
  const chosen = functions.items.find((item) => item.function === fields.function);
  const setConfig = (config: Record<string, unknown>) => set({ config });
  return (
    <div className={styles.form}>
      <Form
        onSubmit={() => save.mutate(fields)}
        actions={
          may && (
            <Button type="submit" variant="primary" loading={save.isPending}>
              {before ? "Save metric" : "Make metric"}
            </Button>
          )
        }
      >
        <Card title="What">
          <div className={styles.column}>
            <FormError error={save.error} />
            <Field label="Name" error={problem?.field("name")}>
              <TextInput
                value={fields.name}
                disabled={!may}
                maxLength={100}
                onChange={(event) => set({ name: event.target.value })}
              />
            </Field>
            <Field label="What it says" optional>
              <TextArea
                rows={2}
                value={fields.description}
                disabled={!may}
                onChange={(event) => set({ description: event.target.value })}
              />
            </Field>
            <Field label="Judged by" hint={fields.kind === JUDGE ? JUDGE_HINT : chosen?.description}>
              <Select
                value={fields.kind === JUDGE ? JUDGE : fields.function}
                disabled={!may || (before !== undefined && fields.kind === JUDGE)}
                onChange={(event) => set(fieldsFor(event.target.value, functions))}
                options={[
                  ...functions.items.map((item) => ({ value: item.function, label: `code: ${item.name}` })),
                  ...(before === undefined || fields.kind === JUDGE
                    ? [{ value: JUDGE, label: "a model that is asked" }]
                    : []),
                ]}
              />
            </Field>
          </div>
        </Card>
        <Card title="Settings" description={before ? "Other settings make a new version." : undefined}>
          {fields.kind === JUDGE ? (
            <JudgeFields project={project} config={fields.config} disabled={!may} onChange={setConfig} />
          ) : (
            <ConfigFields
              properties={propertiesOf(chosen?.config_schema)}
              config={fields.config}
              disabled={!may}
              wrong={(name) => problem?.field(`config.${name}`)}
              onChange={setConfig}
            />
          )}
        </Card>
      </Form>
      <TrialCard project={project} metric={fields} />
    </div>
  );
}

const JUDGE_HINT =
  "Asked at temperature 0. The output stands between marks that nobody can foresee, so that it cannot pose as an instruction.";

function propertiesOf(schema: Record<string, unknown> | undefined): Record<string, ConfigField> {
  return (schema?.["properties"] ?? {}) as Record<string, ConfigField>;
}

function defaultsOf(schema: Record<string, unknown> | undefined): Record<string, unknown> {
  const filled = Object.entries(propertiesOf(schema)).flatMap(([name, field]) =>
    field.default === undefined ? [] : [[name, field.default] as const],
  );
  return Object.fromEntries(filled);
}

/** Kind, function and the defaults of its settings, for a choice of "judged by". */
function fieldsFor(value: string, functions: Functions): Pick<MetricFields, "kind" | "function" | "config"> {
  if (value === JUDGE) {
    return {
      kind: "judge",
      function: "",
      config: { ...defaultsOf(functions.judge), model: "", rubric: RUBRIC },
    };
  }
  const schema = functions.items.find((item) => item.function === value)?.config_schema;
  return { kind: "code", function: value, config: defaultsOf(schema) };
}

const RUBRIC = `Judge the answer to a customer's message.
5: it answers the question, is correct and polite. 1: it does neither.

Message: {{input}}
Known good answer: {{expected}}
Answer to judge: {{output}}
`;

function firstFields(start: Metric | undefined, copy: boolean, functions: Functions): MetricFields {
  if (start) {
    return {
      name: copy ? `${start.name}, ours` : start.name,
      description: start.description,
      kind: start.kind === "judge" ? "judge" : "code",
      function: start.function,
      config: start.config,
    };
  }
  return { name: "", description: "", ...fieldsFor(JUDGE, functions) };
}
