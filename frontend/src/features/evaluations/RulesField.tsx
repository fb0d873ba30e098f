import { Button, IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Field, Select, TextInput } from "@/ui/Field";
import styles from "./Evaluations.module.css";
import { type Rule, ruleWords } from "./evaluations";

interface RulesFieldProps {
  metrics: { value: string; label: string }[];
  rules: Rule[];
  onChange: (rules: Rule[]) => void;
}

const KINDS = [
  { value: "not_worse", label: "is worse than main by at most" },
  { value: "at_least", label: "is at least" },
];

const MACRO_F1 = { value: "macro-f1", label: "Macro-F1 (each label counts the same)" };

/** When the check passes. A rule is decided only when the whole interval lies on one side. */
export function RulesField({ metrics, rules, onChange }: RulesFieldProps) {
  const change = (index: number, rule: Rule) => onChange(rules.map((old, at) => (at === index ? rule : old)));
  const add = () =>
    onChange([...rules, { kind: "not_worse", metric: metrics[0]?.value ?? "", margin: 0.02 }]);
  return (
    <Card
      title="The check passes when"
      description="All of these must hold with 95 % certainty; else it fails or is inconclusive."
    >
      <div className={styles.column}>
        {rules.length === 0 && <p className={styles.quiet}>No rule: the check only reports the figures.</p>}
        <ul className={styles.rules}>
          {rules.map((rule, index) => (
            <li key={index} className={styles.rule} aria-label={ruleWords(rule)}>
              <Field label="Metric" hideLabel>
                <Select
                  value={rule.metric}
                  onChange={(event) => change(index, { ...rule, metric: event.target.value })}
                  options={[...metrics, MACRO_F1]}
                />
              </Field>
              <Field label="Condition" hideLabel>
                <Select
                  value={rule.kind}
                  onChange={(event) => change(index, withKind(rule, event.target.value))}
                  options={KINDS}
                />
              </Field>
              <PercentField rule={rule} onChange={(next) => change(index, next)} />
              <IconButton
                icon="trash"
                label="Remove this rule"
                onClick={() => onChange(rules.filter((_, at) => at !== index))}
              />
            </li>
          ))}
        </ul>
        <div>
          <Button size="small" icon="plus" disabled={metrics.length === 0} onClick={add}>
            Add a rule
          </Button>
        </div>
      </div>
    </Card>
  );
}

function PercentField({ rule, onChange }: { rule: Rule; onChange: (rule: Rule) => void }) {
  const value = rule.kind === "at_least" ? rule.value : rule.margin;
  const write = (share: number) =>
    onChange(rule.kind === "at_least" ? { ...rule, value: share } : { ...rule, margin: share });
  return (
    <Field label={rule.kind === "at_least" ? "Per cent" : "Points"} hideLabel>
      <div className={styles.percent}>
        <TextInput
          type="number"
          min={0}
          max={100}
          step={0.5}
          value={Number(((value ?? 0) * 100).toFixed(4))}
          onChange={(event) => write(Number(event.target.value) / 100)}
        />
        {rule.kind === "at_least" ? "%" : "points"}
      </div>
    </Field>
  );
}

function withKind(rule: Rule, kind: string): Rule {
  return kind === "at_least"
    ? { kind, metric: rule.metric, value: rule.value ?? 0.8 }
    : { kind: "not_worse", metric: rule.metric, margin: rule.margin ?? 0.02 };
}
