import { useQuery } from "@tanstack/react-query";
import { CodeEditor } from "@/ui/CodeEditor";
import { Field, Select, TextInput } from "@/ui/Field";
import styles from "./Evaluations.module.css";
import { modelsQuery } from "./suites";

interface JudgeFieldsProps {
  project: string;
  config: Record<string, unknown>;
  disabled: boolean;
  onChange: (config: Record<string, unknown>) => void;
}

const VARIABLES = ["input", "output", "expected", "row"];
/** Measured on two tasks with known answers: it judges no better than chance. */
const POOR = "local/smollm2-135m";

/** A judge's model, rubric and scale. */
export function JudgeFields({ project, config, disabled, onChange }: JudgeFieldsProps) {
  const models = useQuery(modelsQuery(project));
  const set = (name: string, value: unknown) => onChange({ ...config, [name]: value });
  const model = String(config["model"] ?? "");
  const names = (models.data ?? []).map((item) => item.name);
  const listed = model === "" || names.includes(model) ? names : [model, ...names];
  const scale = config["answers"] !== "yes_no";
  return (
    <div className={styles.column}>
      <Field
        label="Model"
        hint={
          model === POOR
            ? "This small model judges at chance (AUC 0.51 where measured). Take a larger one."
            : "A provider's model; add providers in Settings."
        }
      >
        <Select
          value={model}
          disabled={disabled}
          placeholder="Choose a model"
          onChange={(event) => set("model", event.target.value)}
          options={listed.map((name) => ({ value: name, label: name }))}
        />
      </Field>
      <Field
        label="Rubric"
        hint="A template: {{input}}, {{output}}, {{expected}}, or {{row.column}} for one column. It may be a whole Dotprompt file with roles."
      >
        <CodeEditor
          label="Rubric"
          language="prompt"
          value={String(config["rubric"] ?? "")}
          onChange={(value) => set("rubric", value)}
          variables={VARIABLES}
          readOnly={disabled}
          minHeight={200}
        />
      </Field>
      <div className={styles.pair}>
        <Field label="Answers">
          <Select
            value={scale ? "scale" : "yes_no"}
            disabled={disabled}
            onChange={(event) => set("answers", event.target.value)}
            options={[
              { value: "scale", label: "a number on a scale" },
              { value: "yes_no", label: "yes or no" },
            ]}
          />
        </Field>
        {scale && <NumberField label="Worst" name="min" {...{ config, disabled, set }} />}
        {scale && <NumberField label="Best" name="max" {...{ config, disabled, set }} />}
        <NumberField label="Tokens at most" name="max_output_tokens" {...{ config, disabled, set }} />
      </div>
    </div>
  );
}

interface NumberFieldProps {
  label: string;
  name: string;
  config: Record<string, unknown>;
  disabled: boolean;
  set: (name: string, value: unknown) => void;
}

function NumberField({ label, name, config, disabled, set }: NumberFieldProps) {
  return (
    <Field label={label}>
      <TextInput
        type="number"
        disabled={disabled}
        value={String(config[name] ?? "")}
        onChange={(event) => set(name, event.target.value === "" ? undefined : Number(event.target.value))}
      />
    </Field>
  );
}
