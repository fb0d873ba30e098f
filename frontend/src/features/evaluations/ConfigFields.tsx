import { useState } from "react";
import { CodeEditor } from "@/ui/CodeEditor";
import { Checkbox, Field, Select, TextArea, TextInput } from "@/ui/Field";
import styles from "./Evaluations.module.css";
import type { ConfigField } from "./suites";

interface ConfigFieldsProps {
  properties: Record<string, ConfigField>;
  config: Record<string, unknown>;
  disabled: boolean;
  wrong: (name: string) => string | undefined;
  onChange: (config: Record<string, unknown>) => void;
}

/** A form made of a code metric's JSON Schema. */
export function ConfigFields({ properties, config, disabled, wrong, onChange }: ConfigFieldsProps) {
  const names = Object.keys(properties);
  if (names.length === 0) return <p className={styles.quiet}>This metric has no settings.</p>;
  return (
    <div className={styles.column}>
      {Object.entries(properties).map(([name, field]) => (
        <ConfigLine
          key={name}
          field={field}
          label={field.title ?? name}
          value={config[name] ?? field.default}
          disabled={disabled}
          error={wrong(name)}
          onChange={(value) => onChange({ ...config, [name]: value })}
        />
      ))}
    </div>
  );
}

interface LineProps {
  field: ConfigField;
  label: string;
  value: unknown;
  disabled: boolean;
  error: string | undefined;
  onChange: (value: unknown) => void;
}

function ConfigLine({ field, label, value, disabled, error, onChange }: LineProps) {
  if (field.type === "boolean") {
    return (
      <Checkbox
        label={label}
        disabled={disabled}
        checked={value === true}
        onChange={(event) => onChange(event.target.checked)}
      />
    );
  }
  return (
    <Field label={label} error={error}>
      <Control {...{ field, label, value, disabled, onChange }} />
    </Field>
  );
}

function Control({ field, label, value, disabled, onChange }: Omit<LineProps, "error">) {
  if (field.type === "object") return <JsonControl {...{ label, value, disabled, onChange }} />;
  if (field.enum) {
    const options = field.enum.map((item) => ({ value: item, label: item }));
    return (
      <Select
        value={String(value ?? "")}
        disabled={disabled}
        options={options}
        onChange={(event) => onChange(event.target.value)}
      />
    );
  }
  if (field.type === "array") {
    const lines = Array.isArray(value) ? value.join("\n") : "";
    return (
      <TextArea
        rows={4}
        placeholder="one a line"
        disabled={disabled}
        defaultValue={lines}
        onChange={(event) => onChange(event.target.value.split("\n").filter((line) => line.trim() !== ""))}
      />
    );
  }
  const number = field.type === "integer" || field.type === "number";
  return (
    <TextInput
      type={number ? "number" : "text"}
      disabled={disabled}
      spellCheck={false}
      value={String(value ?? "")}
      onChange={(event) => onChange(number ? Number(event.target.value) : event.target.value)}
    />
  );
}

/** A JSON value as text; what is no JSON yet stays in the editor and is not passed on. */
function JsonControl({ label, value, disabled, onChange }: Omit<LineProps, "error" | "field">) {
  const [text, setText] = useState(() => JSON.stringify(value ?? {}, null, 2));
  return (
    <CodeEditor
      label={label}
      language="json"
      value={text}
      readOnly={disabled}
      minHeight={120}
      lint={(written) => (parsed(written) ? [] : [{ line: 1, message: "This is not a JSON object yet." }])}
      onChange={(next) => {
        setText(next);
        const object = parsed(next);
        if (object) onChange(object);
      }}
    />
  );
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return value && typeof value === "object" && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
