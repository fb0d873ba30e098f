import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { useCan } from "@/api/session";
import { datasetsQuery, versionQuery, versionsQuery } from "@/features/datasets/datasets";
import { fileQuery, filesQuery, MAIN, type PromptOverview } from "@/features/prompts/files";
import { formatNumber } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, Select, TextArea, TextInput } from "@/ui/Field";
import styles from "./Evaluations.module.css";
import { MappingField } from "./MappingField";
import { RulesField } from "./RulesField";
import { SubsetField } from "./SubsetField";
import { metricsQuery, type Suite, type SuiteFields, useSaveSuite } from "./suites";

interface SuiteFormProps {
  project: string;
  before: Suite | undefined;
  prompt?: string | undefined;
  dataset?: string | undefined;
  onSaved: (suite: Suite) => void;
}

/** Everything of a suite on one page: data and prompt at the left, metrics and rules at the right. */
export function SuiteForm({ project, before, prompt, dataset, onSaved }: SuiteFormProps) {
  const [fields, setFields] = useState<SuiteFields>(() => firstFields(before, prompt, dataset));
  const set = (changes: Partial<SuiteFields>) => setFields((now) => ({ ...now, ...changes }));
  const save = useSaveSuite(project, before, onSaved);
  const problem = save.isError ? toProblem(save.error) : undefined;
  const known = useQuery(metricsQuery(project)).data;
  const nameOf = (slug: string) => known?.find((metric) => metric.slug === slug)?.name ?? slug;
  const mayGuard = useCan(project, "maintainer");
  const mayEdit = useCan(project, before?.required ? "maintainer" : "editor") && !before?.archived_at;
  return (
    <Form
      onSubmit={() => save.mutate(fields)}
      actions={
        mayEdit && (
          <Button type="submit" variant="primary" loading={save.isPending}>
            {before ? "Save suite" : "Make suite"}
          </Button>
        )
      }
    >
      <FormError error={save.error} />
      <div className={styles.form}>
        <div className={styles.column}>
          <Card title="What">
            <div className={styles.column}>
              <Field label="Name" error={problem?.field("name")}>
                <TextInput
                  value={fields.name}
                  onChange={(event) => set({ name: event.target.value })}
                  maxLength={100}
                />
              </Field>
              <Field label="Why it exists" optional>
                <TextArea
                  rows={2}
                  value={fields.description ?? ""}
                  onChange={(event) => set({ description: event.target.value })}
                />
              </Field>
              <Sources project={project} fields={fields} set={set} wrong={(name) => problem?.field(name)} />
            </div>
          </Card>
          <SubsetField
            project={project}
            dataset={fields.dataset}
            version={fields.pinned ?? null}
            subset={fields.subset ?? {}}
            onChange={(subset) => set({ subset: { seed: 0, ...subset } })}
          />
        </div>
        <div className={styles.column}>
          <MetricsField
            project={project}
            chosen={fields.metrics}
            wrong={problem?.field("metrics")}
            onChange={(metrics) =>
              set({ metrics, rules: (fields.rules ?? []).filter((rule) => keeps(rule.metric, metrics)) })
            }
          />
          <RulesField
            metrics={fields.metrics.map((slug) => ({ value: slug, label: nameOf(slug) }))}
            rules={fields.rules ?? []}
            onChange={(rules) => set({ rules })}
          />
          <Card title="Guard">
            <Checkbox
              label="Must pass before a draft of this prompt is merged and before production gets it"
              hint={mayGuard ? undefined : "Only a maintainer can change this."}
              disabled={!mayGuard}
              checked={fields.required ?? false}
              onChange={(event) => set({ required: event.target.checked })}
            />
          </Card>
        </div>
      </div>
    </Form>
  );
}

interface SourcesProps {
  project: string;
  fields: SuiteFields;
  set: (changes: Partial<SuiteFields>) => void;
  wrong: (name: string) => string | undefined;
}

function Sources({ project, fields, set, wrong }: SourcesProps) {
  const datasets = useQuery(datasetsQuery(project));
  const versions = useQuery({ ...versionsQuery(project, fields.dataset), enabled: fields.dataset !== "" });
  const files = useQuery(filesQuery(project, MAIN));
  const prompts = (files.data?.items ?? []).filter((file) => file.kind === "prompt");
  return (
    <>
      <div className={styles.pair}>
        <Field label="Dataset" error={wrong("dataset")}>
          <Select
            value={fields.dataset}
            placeholder="Choose a dataset"
            onChange={(event) =>
              set({ dataset: event.target.value, pinned: null, mapping: {}, subset: { seed: 0 } })
            }
            options={(datasets.data ?? []).map((item) => ({ value: item.slug, label: item.name }))}
          />
        </Field>
        <Field label="Version" hint="An evaluation freezes the one it used.">
          <Select
            value={fields.pinned === null || fields.pinned === undefined ? "" : String(fields.pinned)}
            placeholder="The newest at that time"
            onChange={(event) => set({ pinned: event.target.value ? Number(event.target.value) : null })}
            options={(versions.data ?? []).map((item) => ({
              value: String(item.number),
              label: `always v${item.number}, ${formatNumber(item.row_count)} rows`,
            }))}
          />
        </Field>
      </div>
      <Field label="Prompt" error={wrong("prompt_path")}>
        <Select
          value={fields.prompt_path}
          placeholder="Choose a prompt"
          onChange={(event) => set({ prompt_path: event.target.value, mapping: {} })}
          options={[
            ...prompts.map((file) => ({ value: file.path, label: file.path })),
            ...(fields.prompt_path &&
            files.isSuccess &&
            !prompts.some((file) => file.path === fields.prompt_path)
              ? [{ value: fields.prompt_path, label: `${fields.prompt_path} (not on main)` }]
              : []),
          ]}
        />
      </Field>
      <Mapping project={project} fields={fields} set={set} />
      <div className={styles.pair}>
        <Field label="Model" optional hint="Empty: the prompt's own. Another one runs without its adapter.">
          <TextInput
            value={fields.model ?? ""}
            placeholder="provider/model"
            spellCheck={false}
            onChange={(event) => set({ model: event.target.value })}
          />
        </Field>
        <Field label="Calls at once" error={wrong("concurrency")}>
          <TextInput
            type="number"
            min={1}
            max={64}
            value={fields.concurrency ?? 8}
            onChange={(event) => set({ concurrency: Number(event.target.value) })}
          />
        </Field>
      </div>
    </>
  );
}

function Mapping({ project, fields, set }: Omit<SourcesProps, "wrong">) {
  const version = useQuery({
    ...versionQuery(project, fields.dataset, fields.pinned ? String(fields.pinned) : "latest"),
    enabled: fields.dataset !== "",
    retry: false,
  });
  const file = useQuery({
    ...fileQuery(project, MAIN, fields.prompt_path),
    enabled: fields.prompt_path !== "",
  });
  const overview = file.data?.overview as PromptOverview | null | undefined;
  if (!version.data || !overview) return null;
  return (
    <MappingField
      variables={overview.variables}
      defaults={Object.keys(overview.defaults)}
      columns={version.data.columns.map((column) => column.name)}
      mapping={fields.mapping ?? {}}
      onChange={(mapping) => set({ mapping })}
    />
  );
}

interface MetricsFieldProps {
  project: string;
  chosen: string[];
  wrong: string | undefined;
  onChange: (metrics: string[]) => void;
}

function MetricsField({ project, chosen, wrong, onChange }: MetricsFieldProps) {
  const metrics = useQuery(metricsQuery(project));
  return (
    <Card title="Metrics" description="Each evaluation takes their newest versions.">
      <fieldset className={styles.checks}>
        <legend className="visually-hidden">Metrics</legend>
        {(metrics.data ?? []).map((metric) => (
          <Checkbox
            key={metric.slug}
            label={metric.name}
            hint={metric.kind === "judge" ? "a model judges: one call more a row" : undefined}
            checked={chosen.includes(metric.slug)}
            onChange={(event) =>
              onChange(
                event.target.checked
                  ? [...chosen, metric.slug]
                  : chosen.filter((slug) => slug !== metric.slug),
              )
            }
          />
        ))}
        {wrong && <p className={styles.bad}>{wrong}</p>}
      </fieldset>
    </Card>
  );
}

function keeps(metric: string, metrics: string[]): boolean {
  return metric === "macro-f1" || metrics.includes(metric);
}

function firstFields(before: Suite | undefined, prompt = "", dataset = ""): SuiteFields {
  if (before) {
    const { name, description, dataset: data, pinned, prompt_path, model, mapping } = before;
    const { metrics, subset, rules, required, concurrency } = before;
    return {
      ...{ name, description, dataset: data, pinned, prompt_path, model, mapping },
      ...{ metrics, subset, rules, required, concurrency },
    };
  }
  return {
    name: "",
    description: "",
    dataset,
    pinned: null,
    prompt_path: prompt,
    model: "",
    mapping: {},
    metrics: ["exact-match"],
    subset: { seed: 0 },
    rules: [{ kind: "not_worse", metric: "exact-match", margin: 0.02 }],
    required: false,
    concurrency: 8,
  };
}
