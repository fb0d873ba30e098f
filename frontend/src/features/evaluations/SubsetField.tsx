import { useQuery } from "@tanstack/react-query";
import { versionQuery } from "@/features/datasets/datasets";
import { formatNumber } from "@/lib/format";
import { Card } from "@/ui/Card";
import { Checkbox, Field, TextInput } from "@/ui/Field";
import styles from "./Evaluations.module.css";
import { type Subset, subsetWords } from "./subset";

interface SubsetFieldProps {
  project: string;
  dataset: string;
  /** A number, or null for the newest version. */
  version: number | null;
  subset: Subset;
  onChange: (subset: Subset) => void;
}

/** Which part of the dataset is evaluated: some labels, the first of each, or a sample. */
export function SubsetField({ project, dataset, version, subset, onChange }: SubsetFieldProps) {
  const found = useQuery({
    ...versionQuery(project, dataset, version === null ? "latest" : String(version)),
    enabled: dataset !== "",
    retry: false,
  });
  const labels = found.data?.profile.labels ?? [];
  const chosen = new Set(subset.labels ?? []);
  const toggle = (label: string) => {
    if (!chosen.delete(label)) chosen.add(label);
    onChange({ ...subset, labels: [...chosen] });
  };
  return (
    <Card title="Which rows" description={subsetWords(subset) || "All rows of the version."}>
      <div className={styles.column}>
        <div className={styles.pair}>
          <NumberField
            label="Rows at most"
            hint="Drawn evenly, always the same ones."
            value={subset.limit}
            onChange={(limit) => onChange({ ...subset, limit })}
          />
          {labels.length > 0 && (
            <NumberField
              label="The first of each label"
              hint="Cuts down what is frequent."
              value={subset.per_label}
              onChange={(per_label) => onChange({ ...subset, per_label })}
            />
          )}
        </div>
        {labels.length > 0 && (
          <details className={styles.column} open={chosen.size > 0 || undefined}>
            <summary>
              {chosen.size > 0 ? `Only ${formatNumber(chosen.size)}` : "All"} of {formatNumber(labels.length)}{" "}
              labels
            </summary>
            <div className={styles.labelChoice}>
              {labels.map(({ label, count }) => (
                <Checkbox
                  key={label}
                  label={`${label} (${formatNumber(count)})`}
                  checked={chosen.has(label)}
                  onChange={() => toggle(label)}
                />
              ))}
            </div>
          </details>
        )}
      </div>
    </Card>
  );
}

interface NumberFieldProps {
  label: string;
  hint: string;
  value: number | null | undefined;
  onChange: (value: number | null) => void;
}

function NumberField({ label, hint, value, onChange }: NumberFieldProps) {
  return (
    <Field label={label} hint={hint} optional>
      <TextInput
        type="number"
        min={1}
        value={value ?? ""}
        onChange={(event) => onChange(event.target.value ? Number(event.target.value) : null)}
      />
    </Field>
  );
}
