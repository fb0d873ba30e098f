import { useState } from "react";
import { Checkbox, Field, Select, TextArea, TextInput } from "@/ui/Field";
import { kindOf, type Variable } from "./variables";

interface VariablesFormProps {
  variables: Variable[];
  values: Record<string, unknown>;
  onChange: (values: Record<string, unknown>) => void;
  /** The name of the variable that the server found wrong, and why. */
  wrong?: { name: string; detail: string } | undefined;
}

/** One field for each variable, by its type. An optional one left empty is not sent. */
export function VariablesForm({ variables, values, onChange, wrong }: VariablesFormProps) {
  const set = (name: string, value: unknown) => {
    const { [name]: _, ...rest } = values;
    onChange(value === undefined ? rest : { ...rest, [name]: value });
  };
  return variables.map((variable) => (
    <Field
      key={variable.name}
      label={variable.name}
      optional={!variable.required}
      error={wrong?.name === variable.name ? wrong.detail : undefined}
      {...(variable.description ? { hint: variable.description } : {})}
    >
      <Control
        variable={variable}
        value={values[variable.name]}
        onChange={(value) => set(variable.name, value)}
      />
    </Field>
  ));
}

interface ControlProps {
  variable: Variable;
  value: unknown;
  onChange: (value: unknown) => void;
}

function Control({ variable, value, onChange }: ControlProps) {
  const kind = kindOf(variable.schema);
  if (variable.schema.enum) {
    return (
      <Select
        options={variable.schema.enum.map((item) => ({ value: String(item), label: String(item) }))}
        {...(variable.required ? {} : { placeholder: "none" })}
        value={value === undefined ? "" : String(value)}
        onChange={(event) =>
          onChange(variable.schema.enum?.find((item) => String(item) === event.target.value))
        }
      />
    );
  }
  if (kind === "boolean") {
    return (
      <Checkbox
        label="yes"
        checked={value === true}
        onChange={(event) => onChange(event.target.checked || undefined)}
      />
    );
  }
  if (kind === "number" || kind === "integer") {
    return (
      <TextInput
        inputMode="decimal"
        value={value === undefined ? "" : String(value)}
        onChange={(event) => onChange(numberOf(event.target.value))}
      />
    );
  }
  if (kind === "array" || kind === "object") return <JsonControl value={value} onChange={onChange} />;
  return (
    <TextArea
      rows={2}
      value={typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value)}
      onChange={(event) =>
        onChange(event.target.value === "" && !variable.required ? undefined : event.target.value)
      }
    />
  );
}

/** What was typed stays as it is; while it is not yet JSON it is sent as text, and the server names the type. */
function JsonControl({ value, onChange }: Pick<ControlProps, "value" | "onChange">) {
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value, null, 2));
  const type = (typed: string) => {
    setText(typed);
    onChange(typed.trim() === "" ? undefined : parsed(typed));
  };
  return (
    <TextArea
      rows={Math.min(10, Math.max(3, text.split("\n").length))}
      spellCheck={false}
      style={{ fontFamily: "var(--mono)" }}
      value={text}
      onChange={(event) => type(event.target.value)}
    />
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function numberOf(text: string): unknown {
  if (text.trim() === "") return undefined;
  return Number.isNaN(Number(text)) ? text : Number(text);
}
