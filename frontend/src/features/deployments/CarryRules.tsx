import { asText, EMPTY, isObject, type Json, type RuleDocument } from "@/features/rules/document";
import { formOf } from "@/features/rules/ruleForm";
import { changesInWords } from "@/features/rules/rules";
import { type Naming, namedBy, ruleInWords, titleOf } from "@/features/rules/words";
import { plural } from "@/lib/format";
import { Diff } from "@/ui/Diff";
import { Checkbox } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import styles from "./Deployments.module.css";
import type { Promotion } from "./deployments";

type Rules = NonNullable<Promotion["rules"]>;
type Change = Rules["changes"][number];

interface CarryRulesProps {
  rules: Rules;
  /** The names of both environments. */
  from: string;
  to: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

/** How the rules of both environments differ, in words and as JSON, and whether they go along. */
export function CarryRules({ rules, from, to, checked, onChange }: CarryRulesProps) {
  if (rules.changes.length === 0) {
    return (
      <p className={styles.quiet}>
        {rules.number === null
          ? `${from} has no rules of its own; those of ${to} stay as they are.`
          : `The rules of ${from} and ${to} are the same.`}
        <Behind rules={rules} from={from} />
      </p>
    );
  }
  const count = plural(rules.changes.length, "rule");
  return (
    <fieldset className={styles.carry}>
      <legend>Rules</legend>
      <Checkbox
        label={`Carry the rules of ${from} too`}
        hint={
          checked
            ? `They take the place of the rules of ${to}, together with the commit.`
            : `${count} ${rules.changes.length === 1 ? "differs" : "differ"}. Unless this is ticked, ${to} keeps its own.`
        }
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      {checked && rules.faults.length > 0 && (
        <ul className={styles.obstacles}>
          {rules.faults.map((fault) => (
            <li key={fault.where + fault.code}>
              <Icon name="warn" /> {fault.detail}
            </li>
          ))}
        </ul>
      )}
      <details open={checked}>
        <summary>What would change in {to}</summary>
        <ul className={styles.ruleChanges}>
          {rules.changes.map((change) => (
            <li key={change.key}>
              <RuleChange change={change} rules={rules} />
            </li>
          ))}
        </ul>
        <details>
          <summary>As JSON</summary>
          <Diff
            path="rules.json"
            label={`Rules of ${to} now and then, as JSON`}
            mode="unified"
            old={asText(documentOf(rules.before))}
            new={asText(documentOf(rules.after))}
          />
        </details>
      </details>
      <p className={styles.quiet}>
        <Behind rules={rules} from={from} />
      </p>
    </fieldset>
  );
}

function Behind({ rules, from }: { rules: Rules; from: string }) {
  if (rules.rollout === null) return null;
  return (
    <>
      {" "}
      Rollout #{rules.rollout} is under way in {from}; it stays there, and so does its candidate.
    </>
  );
}

/** One rule before and after, each in a sentence. */
function RuleChange({ change, rules }: { change: Change; rules: Rules }) {
  const naming = namedBy((sha) => rules.commits[sha]);
  const [before, after] = [rules.before, rules.after].map((document) =>
    sentence(document, change.key, naming),
  );
  const key = titleIn(rules, change.key);
  return (
    <>
      <strong>{changesInWords([{ ...change, key }])}</strong>
      {before && change.change !== "moved" && (
        <span className={styles.was}>
          <span className={styles.quiet}>Now:</span> {before}
        </span>
      )}
      {after && change.change !== "moved" && (
        <span className={styles.was}>
          <span className={styles.quiet}>Then:</span> {after}
        </span>
      )}
    </>
  );
}

function documentOf(given: Record<string, unknown>): RuleDocument {
  return isObject(given["flags"]) ? (given as unknown as RuleDocument) : EMPTY;
}

function titleIn(rules: Rules, key: string): string {
  const flag = documentOf(rules.after).flags[key] ?? documentOf(rules.before).flags[key];
  return flag === undefined ? key : titleOf(key, flag);
}

function sentence(given: Record<string, unknown>, key: string, naming: Naming): string {
  const flag: Json | undefined = documentOf(given).flags[key];
  if (flag === undefined) return "";
  const form = formOf(key, flag);
  if (!form) return "A rule written by hand; see the JSON.";
  const off = isObject(flag) && flag["state"] === "DISABLED" ? "Switched off. " : "";
  return off + ruleInWords(form, naming);
}
