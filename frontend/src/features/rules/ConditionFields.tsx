import { Button, IconButton } from "@/ui/Button";
import { Select, TextInput } from "@/ui/Field";
import {
  type Condition,
  everybody,
  type Group,
  NUMBERS,
  newTest,
  OPERATORS,
  type Operator,
  type Test,
  takesList,
  WITHOUT_VALUE,
} from "./conditions";
import styles from "./Rules.module.css";

interface GroupProps {
  /** Named for screen readers: where these conditions are. */
  label: string;
  group: Group;
  segments: string[];
  /** Fields that are suggested; any other may be typed. */
  fields: string[];
  onChange: (group: Group) => void;
  /** A group inside of a group has no further ones. */
  inner?: boolean;
}

/** Conditions joined by all or any; none at all means everybody. */
export function ConditionFields({ label, group, segments, fields, onChange, inner = false }: GroupProps) {
  const items = (next: Condition[]) => onChange({ ...group, items: next });
  const put = (index: number, item: Condition) =>
    items(group.items.map((each, at) => (at === index ? item : each)));
  return (
    <div className={inner ? styles.inner : styles.conditions}>
      <datalist id="rule-fields">
        {fields.map((field) => (
          <option key={field} value={field} />
        ))}
      </datalist>
      {group.items.length === 0 && <p className={styles.quiet}>Everybody. Add a condition to narrow it.</p>}
      {group.items.length > 1 && (
        <div className={styles.join}>
          <Select
            small
            aria-label={`${label}: how many of the conditions must hold`}
            value={group.join}
            options={[
              { value: "all", label: "All of these hold" },
              { value: "any", label: "Any of these holds" },
            ]}
            onChange={(event) => onChange({ ...group, join: event.target.value === "any" ? "any" : "all" })}
          />
        </div>
      )}
      {group.items.map((item, index) => (
        <div key={index} className={styles.condition}>
          <ConditionRow
            label={`${label}, condition ${index + 1}`}
            item={item}
            segments={segments}
            fields={fields}
            onChange={(next) => put(index, next)}
          />
          <IconButton
            icon="close"
            label={`Remove condition ${index + 1}`}
            onClick={() => items(group.items.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <div className={styles.adds}>
        <Button size="small" icon="plus" onClick={() => items([...group.items, newTest()])}>
          Condition
        </Button>
        {segments.length > 0 && (
          <Button
            size="small"
            icon="plus"
            onClick={() => items([...group.items, { kind: "segment", name: segments[0] ?? "", not: false }])}
          >
            Named group
          </Button>
        )}
        {!inner && group.items.length > 0 && (
          <Button
            size="small"
            icon="plus"
            onClick={() =>
              items([
                ...group.items,
                { ...everybody(), join: group.join === "all" ? "any" : "all", items: [newTest(), newTest()] },
              ])
            }
          >
            {group.join === "all" ? "Any of several" : "All of several"}
          </Button>
        )}
      </div>
    </div>
  );
}

interface RowProps {
  label: string;
  item: Condition;
  segments: string[];
  fields: string[];
  onChange: (item: Condition) => void;
}

function ConditionRow({ label, item, segments, fields, onChange }: RowProps) {
  if (item.kind === "test") return <TestRow label={label} test={item} onChange={onChange} />;
  if (item.kind === "group") {
    return (
      <ConditionFields
        inner
        label={label}
        group={item}
        segments={segments}
        fields={fields}
        onChange={onChange}
      />
    );
  }
  if (item.kind === "other") {
    return (
      <div className={styles.byHand}>
        <span className={styles.quiet}>Written by hand, kept as it is:</span>
        <code>{JSON.stringify(item.json)}</code>
      </div>
    );
  }
  const names = segments.includes(item.name) ? segments : [...segments, item.name];
  return (
    <div className={styles.named}>
      <Select
        aria-label={`${label}: in or not in`}
        value={item.not ? "not" : "in"}
        options={[
          { value: "in", label: "is in" },
          { value: "not", label: "is not in" },
        ]}
        onChange={(event) => onChange({ ...item, not: event.target.value === "not" })}
      />
      <Select
        aria-label={`${label}: the named group`}
        value={item.name}
        options={names.map((name) => ({ value: name, label: name }))}
        onChange={(event) => onChange({ ...item, name: event.target.value })}
      />
    </div>
  );
}

function TestRow({ label, test, onChange }: { label: string; test: Test; onChange: (test: Test) => void }) {
  const set = (change: Partial<Test>) => {
    const { written: _, ...rest } = test;
    onChange({ ...rest, ...change });
  };
  return (
    <div className={styles.test}>
      <TextInput
        aria-label={`${label}: field`}
        list="rule-fields"
        placeholder="field, such as plan"
        value={test.field}
        onChange={(event) => set({ field: event.target.value })}
      />
      <Select
        aria-label={`${label}: how it is compared`}
        value={test.operator}
        options={[...OPERATORS]}
        onChange={(event) => set({ operator: event.target.value as Operator })}
      />
      {!WITHOUT_VALUE.includes(test.operator) && (
        <TextInput
          aria-label={`${label}: value`}
          inputMode={NUMBERS.includes(test.operator) ? "decimal" : "text"}
          placeholder={
            takesList(test.operator) ? "de, at, ch" : test.operator.startsWith("version") ? "2.1.0" : "value"
          }
          value={test.value}
          onChange={(event) => set({ value: event.target.value })}
        />
      )}
    </div>
  );
}
