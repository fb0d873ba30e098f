import { useState } from "react";
import { Button, IconButton } from "@/ui/Button";
import { Field, Select, TextInput } from "@/ui/Field";
import type { Json } from "./document";
import styles from "./Rules.module.css";
import type { RuleForm, Variant } from "./ruleForm";

const TYPES = [
  { value: "boolean", label: "On or off" },
  { value: "string", label: "Text" },
  { value: "number", label: "Number" },
  { value: "object", label: "Object (JSON)" },
];
const FIRST: Record<string, Variant[]> = {
  boolean: [
    { name: "on", value: true },
    { name: "off", value: false },
  ],
  string: [
    { name: "a", value: "" },
    { name: "b", value: "" },
  ],
  number: [
    { name: "a", value: 1 },
    { name: "b", value: 0 },
  ],
  object: [
    { name: "a", value: {} },
    { name: "b", value: {} },
  ],
};

/** The values that a rule for the app can give, each under a name. */
export function VariantFields({ form, onChange }: { form: RuleForm; onChange: (form: RuleForm) => void }) {
  const type = typeof (form.variants[0]?.value ?? {});
  const change = (next: string) => {
    const variants = FIRST[next] ?? [];
    const [first, last] = [variants[0]?.name ?? "", variants.at(-1)?.name ?? ""];
    const lines = form.lines.map((line) => ({ ...line, share: null, variant: first }));
    onChange({ ...form, variants, lines, otherwise: last });
  };
  const put = (index: number, variant: Variant) => onChange(renamed(form, index, variant));
  return (
    <fieldset className={styles.line}>
      <legend>Values</legend>
      <Field label="Sort">
        <Select value={type} options={TYPES} onChange={(event) => change(event.target.value)} />
      </Field>
      {form.variants.map((variant, index) => (
        <div key={index} className={styles.variant}>
          <TextInput
            aria-label={`Name of value ${index + 1}`}
            value={variant.name}
            maxLength={90}
            onChange={(event) => put(index, { ...variant, name: event.target.value })}
          />
          <ValueInput
            key={type}
            label={`Value ${index + 1}`}
            value={variant.value}
            onChange={(value) => put(index, { ...variant, value })}
          />
          <IconButton
            icon="close"
            label={`Remove value ${index + 1}`}
            disabled={form.variants.length < 2}
            onClick={() => onChange({ ...form, variants: form.variants.filter((_, at) => at !== index) })}
          />
        </div>
      ))}
      {type !== "boolean" && (
        <div>
          <Button
            size="small"
            icon="plus"
            onClick={() => onChange({ ...form, variants: [...form.variants, another(form, type)] })}
          >
            Another value
          </Button>
        </div>
      )}
    </fieldset>
  );
}

function another(form: RuleForm, type: string): Variant {
  const names = new Set(form.variants.map((variant) => variant.name));
  const name = [..."abcdefghijklmnopqrstuvwxyz"].find((letter) => !names.has(letter)) ?? `v${names.size}`;
  return { name, value: FIRST[type]?.at(-1)?.value ?? "" };
}

/** Another name goes along to the lines that give the value; a name that is taken is not taken twice. */
function renamed(form: RuleForm, index: number, variant: Variant): RuleForm {
  const old = form.variants[index]?.name ?? "";
  if (variant.name !== old && form.variants.some((each) => each.name === variant.name)) return form;
  const name = (given: string) => (given === old ? variant.name : given);
  return {
    ...form,
    variants: form.variants.map((each, at) => (at === index ? variant : each)),
    otherwise: name(form.otherwise),
    fallback: form.fallback === null ? null : name(form.fallback),
    lines: form.lines.map((line) => ({
      ...line,
      variant: name(line.variant),
      share: line.share && {
        ...line.share,
        arms: line.share.arms.map((arm) => ({ ...arm, variant: name(arm.variant) })),
      },
    })),
  };
}

function ValueInput({
  label,
  value,
  onChange,
}: {
  label: string;
  value: Json;
  onChange: (value: Json) => void;
}) {
  const [text, setText] = useState(() => (typeof value === "string" ? value : JSON.stringify(value)));
  if (typeof value === "boolean") {
    return (
      <Select
        aria-label={label}
        value={String(value)}
        options={[
          { value: "true", label: "on (true)" },
          { value: "false", label: "off (false)" },
        ]}
        onChange={(event) => onChange(event.target.value === "true")}
      />
    );
  }
  const type = (next: string) => {
    setText(next);
    const read = typeof value === "string" ? next : readAs(value, next);
    if (read !== undefined) onChange(read);
  };
  const wrong = typeof value !== "string" && readAs(value, text) === undefined;
  return (
    <TextInput
      aria-label={label}
      aria-invalid={wrong || undefined}
      inputMode={typeof value === "number" ? "decimal" : "text"}
      value={text}
      onChange={(event) => type(event.target.value)}
    />
  );
}

function readAs(value: Json, text: string): Json | undefined {
  if (typeof value === "number") {
    return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
  }
  try {
    const read = JSON.parse(text) as Json;
    return typeof read === "object" && read !== null ? read : undefined;
  } catch {
    return undefined;
  }
}
