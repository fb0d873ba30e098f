import {
  type ComponentProps,
  createContext,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  useContext,
  useId,
} from "react";
import { cx } from "@/lib/cx";
import styles from "./Field.module.css";
import { Icon } from "./Icon";

interface Tie {
  id: string;
  describedBy: string | undefined;
  invalid: boolean;
  required: boolean;
}

const FieldContext = createContext<Tie | null>(null);

interface FieldProps {
  label: ReactNode;
  /** One line of help, always visible. */
  hint?: ReactNode;
  /** What is wrong; `problem?.field("name")` fits. */
  error?: ReactNode;
  /** Fields are required unless they say so: "optional" is shown beside the label. */
  optional?: boolean;
  hideLabel?: boolean;
  /** One control: TextInput, TextArea, Select, or an element that takes `useField()`. */
  children: ReactNode;
}

/** A label, a control, its help and its error, tied together for screen readers. */
export function Field({ label, hint, error, optional = false, hideLabel = false, children }: FieldProps) {
  const id = useId();
  const describedBy = cx(hint !== undefined && `${id}-hint`, Boolean(error) && `${id}-error`) || undefined;
  return (
    <FieldContext value={{ id, describedBy, invalid: Boolean(error), required: !optional }}>
      <div className={styles.field}>
        <label htmlFor={id} className={hideLabel ? "visually-hidden" : styles.label}>
          {label}
          {optional && <span className={styles.optional}> optional</span>}
        </label>
        {children}
        {error && (
          <p id={`${id}-error`} className={styles.error}>
            <Icon name="warn" size={14} /> {error}
          </p>
        )}
        {hint !== undefined && (
          <p id={`${id}-hint`} className={styles.hint}>
            {hint}
          </p>
        )}
      </div>
    </FieldContext>
  );
}

/** The ties of the surrounding Field, for a control of one's own. */
export function useField() {
  const tie = useContext(FieldContext);
  if (!tie) return {};
  return {
    id: tie.id,
    "aria-describedby": tie.describedBy,
    "aria-invalid": tie.invalid || undefined,
    "aria-required": tie.required || undefined,
  };
}

export function TextInput({ className, ...rest }: InputHTMLAttributes<HTMLInputElement>) {
  return <input type="text" {...useField()} {...rest} className={cx(styles.control, className)} />;
}

export function TextArea({ className, rows = 4, ...rest }: ComponentProps<"textarea">) {
  return (
    <textarea {...useField()} rows={rows} {...rest} className={cx(styles.control, styles.area, className)} />
  );
}

export interface Option {
  value: string;
  label: string;
  disabled?: boolean;
  /** Options that follow each other under one heading. */
  group?: string;
}

type SelectProps = SelectHTMLAttributes<HTMLSelectElement> & {
  options: Option[];
  placeholder?: string;
  /** 28 px high, for a table's row. */
  small?: boolean;
};

/** The system's own list: quick, known, and good on a phone. */
export function Select({ options, placeholder, small = false, className, ...rest }: SelectProps) {
  return (
    <span className={cx(styles.select, small && styles.small, className)}>
      <select {...useField()} {...rest} className={styles.control}>
        {placeholder !== undefined && <option value="">{placeholder}</option>}
        {grouped(options).map(([group, items]) =>
          group === undefined ? (
            items.map(optionView)
          ) : (
            <optgroup key={group} label={group}>
              {items.map(optionView)}
            </optgroup>
          ),
        )}
      </select>
      <Icon name="down" size={14} />
    </span>
  );
}

function optionView({ value, label, disabled }: Option) {
  return (
    <option key={value} value={value} disabled={disabled}>
      {label}
    </option>
  );
}

function grouped(options: Option[]): [string | undefined, Option[]][] {
  const groups: [string | undefined, Option[]][] = [];
  for (const option of options) {
    const last = groups.at(-1);
    if (last && last[0] === option.group) last[1].push(option);
    else groups.push([option.group, [option]]);
  }
  return groups;
}

type CheckboxProps = Omit<InputHTMLAttributes<HTMLInputElement>, "type"> & {
  label: ReactNode;
  hint?: ReactNode;
};

export function Checkbox({ label, hint, ...rest }: CheckboxProps) {
  const id = useId();
  return (
    <div className={styles.check}>
      <input type="checkbox" {...rest} id={id} aria-describedby={hint ? `${id}-hint` : undefined} />
      <div>
        <label htmlFor={id}>{label}</label>
        {hint && (
          <p id={`${id}-hint`} className={styles.hint}>
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

/** Fields below each other, and the row of buttons at their end. */
export function Form({
  onSubmit,
  children,
  actions,
}: {
  onSubmit: () => void;
  children: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          event.currentTarget.requestSubmit();
        }
      }}
    >
      {children}
      {actions && (
        <div className={styles.actions} data-actions>
          {actions}
        </div>
      )}
    </form>
  );
}
