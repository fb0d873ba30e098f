import { Card } from "@/ui/Card";
import { Field, Select, TextInput } from "@/ui/Field";
import styles from "./Training.module.css";

type Params = Record<string, unknown>;

interface Props {
  params: Params;
  onChange: (params: Params) => void;
  wrong: (name: string) => string | undefined;
}

interface Setting {
  name: string;
  label: string;
  hint: string;
}

const FIRST: Setting[] = [
  {
    name: "epochs",
    label: "Epochs",
    hint: "How often every example is shown. 2 or 3 suit some hundreds of examples.",
  },
  {
    name: "learning_rate",
    label: "Learning rate",
    hint: "0.001 suits short answers; smaller if the loss jumps.",
  },
];

const MORE: Setting[] = [
  { name: "rank", label: "Rank", hint: "How much an adapter can hold. 8 suits a single task." },
  { name: "alpha", label: "Alpha", hint: "How strongly it acts: alpha divided by rank." },
  { name: "batch_size", label: "Examples a step", hint: "16 unless memory is short." },
  { name: "dropout", label: "Dropout", hint: "0 to 0.9; a little helps against over-fitting." },
  { name: "warmup", label: "Warm-up", hint: "Part of the steps in which the rate grows." },
  { name: "max_tokens", label: "Longest example", hint: "In tokens; longer ones are left out and counted." },
  {
    name: "validation",
    label: "Held out",
    hint: "Part of the examples that only measures; at most 128 of them.",
  },
  {
    name: "patience",
    label: "Patience",
    hint: "Stop after so many measurements without a better one. 0: never.",
  },
  { name: "seed", label: "Seed", hint: "The same seed and data give the same adapter." },
];

const LAYERS = [
  { value: "10", label: "the top 10: quickest, good for labels and short answers" },
  { value: "20", label: "the top 20" },
  { value: "0", label: "all: slowest, for a new style of writing" },
];

/** The recipe's parameters: the few that matter first, the others on demand. */
export function RecipeFields({ params, onChange, wrong }: Props) {
  const set = (name: string, value: unknown) => onChange({ ...params, [name]: value });
  return (
    <Card title="4. Recipe: LoRA" description="The defaults are those that worked in our measurements.">
      <div className={styles.fields}>
        <Field label="Layers with an adapter" error={wrong("top_layers")}>
          <Select
            options={LAYERS}
            value={String(params["top_layers"] ?? 10)}
            onChange={(event) => set("top_layers", Number(event.target.value))}
          />
        </Field>
        <div className={styles.pair}>
          {FIRST.map((setting) => (
            <NumberField key={setting.name} {...{ setting, params, set, wrong }} />
          ))}
        </div>
        <details className={styles.more} open={MORE.some((setting) => wrong(setting.name)) || undefined}>
          <summary>More settings</summary>
          <div className={styles.pair}>
            {MORE.map((setting) => (
              <NumberField key={setting.name} {...{ setting, params, set, wrong }} />
            ))}
          </div>
        </details>
      </div>
    </Card>
  );
}

interface NumberProps {
  setting: Setting;
  params: Params;
  set: (name: string, value: unknown) => void;
  wrong: (name: string) => string | undefined;
}

function NumberField({ setting, params, set, wrong }: NumberProps) {
  return (
    <Field label={setting.label} hint={setting.hint} error={wrong(setting.name)}>
      <TextInput
        inputMode="decimal"
        value={String(params[setting.name] ?? "")}
        onChange={(event) => set(setting.name, event.target.value)}
      />
    </Field>
  );
}
