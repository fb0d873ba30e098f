import { Select } from "@/ui/Field";
import styles from "./Evaluations.module.css";

interface MappingFieldProps {
  variables: string[];
  /** Variables that have a default in the prompt. */
  defaults: string[];
  columns: string[];
  mapping: Record<string, string>;
  onChange: (mapping: Record<string, string>) => void;
}

/** Which column fills which variable of the prompt. What is not mapped goes by its own name. */
export function MappingField({ variables, defaults, columns, mapping, onChange }: MappingFieldProps) {
  if (variables.length === 0) return <p className={styles.quiet}>The prompt has no variables.</p>;
  const left = variables.filter((name) => !columns.includes(name) && !defaults.includes(name));
  const free = columns.filter((column) => !variables.includes(column));
  const guess = left.length === 1 && free.length === 1 ? free[0] : undefined;
  const set = (name: string, column: string) => {
    const { [name]: _, ...rest } = mapping;
    onChange(column ? { ...rest, [name]: column } : rest);
  };
  const own = (name: string) => {
    if (columns.includes(name)) return `${name} (same name)`;
    if (left[0] === name && guess) return `${guess} (the only one left)`;
    return defaults.includes(name) ? "the prompt's default" : "Choose a column";
  };
  return (
    <fieldset className={styles.checks}>
      <legend className={styles.legend}>Variables and their columns</legend>
      <div className={styles.mapping}>
        {variables.map((name) => (
          <MappingLine
            key={name}
            name={name}
            own={own(name)}
            columns={columns}
            value={mapping[name] ?? ""}
            onChange={set}
          />
        ))}
      </div>
    </fieldset>
  );
}

interface LineProps {
  name: string;
  own: string;
  columns: string[];
  value: string;
  onChange: (name: string, column: string) => void;
}

function MappingLine({ name, own, columns, value, onChange }: LineProps) {
  return (
    <>
      <span className={styles.mono}>{`{{${name}}}`}</span>
      <Select
        aria-label={`Column for ${name}`}
        value={value}
        placeholder={own}
        onChange={(event) => onChange(name, event.target.value)}
        options={columns.map((column) => ({ value: column, label: column }))}
      />
    </>
  );
}
