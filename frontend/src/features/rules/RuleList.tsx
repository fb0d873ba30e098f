import { useState } from "react";
import { Badge } from "@/ui/Badge";
import { Button, IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { Menu } from "@/ui/Menu";
import { isObject, type Json, keysInOrder, withMoved, withRule } from "./document";
import { Faults } from "./Faults";
import { RuleDialog } from "./RuleDialog";
import styles from "./Rules.module.css";
import { formOf, newRule, type RuleForm } from "./ruleForm";
import { faultsAt, otherFaults } from "./rules";
import { type Shared, useCommits } from "./shared";
import { type Naming, ruleInWords, subjectInWords, titleOf } from "./words";

/** A rule in the dialog: a form, or JSON that the form cannot say. `key` null: a new one. */
type Opened = { key: string | null; form: RuleForm } | { key: string; json: Json };

/** The rules in their order, each in a sentence, with what one can do to it. */
export function RuleList(props: Shared) {
  const { project, document, faults, now, may, onChange } = props;
  const { options, naming } = useCommits(project, now);
  const [opened, setOpened] = useState<Opened | null>(null);
  const keys = keysInOrder(document);
  const open = (key: string) => {
    const form = formOf(key, document.flags[key] ?? null);
    setOpened(form ? { key, form } : { key, json: document.flags[key] ?? null });
  };
  const add = (
    <Menu
      trigger={
        <Button variant="primary" icon="plus">
          New rule
        </Button>
      }
      groups={[
        {
          items: [
            {
              label: "Give some callers another commit",
              icon: "commit",
              onSelect: () => setOpened({ key: null, form: newRule("commit") }),
            },
            {
              label: "A value that the app asks for",
              icon: "switch",
              onSelect: () => setOpened({ key: null, form: newRule("value") }),
            },
          ],
        },
      ]}
    />
  );
  const rollouts = Object.entries(now.under_way) as [string, Json][];
  return (
    <Card title="Rules" padding="none" actions={may && keys.length > 0 ? add : undefined}>
      <Faults faults={otherFaults(faults)} />
      {keys.length === 0 && rollouts.length === 0 ? (
        <Empty icon="switch" title="No rules yet" action={may ? add : undefined}>
          Everybody gets what is live. A rule gives some callers another commit, or gives the app a value.
        </Empty>
      ) : (
        <ol className={styles.rules}>
          {keys.map((key, index) => (
            <RuleRow
              key={key}
              name={key}
              flag={document.flags[key] ?? null}
              naming={naming}
              faults={faultsAt(faults, "flags", key)}
              acts={
                may
                  ? {
                      open: () => open(key),
                      up: index > 0 ? () => onChange(withMoved(document, key, -1)) : undefined,
                      down: index < keys.length - 1 ? () => onChange(withMoved(document, key, 1)) : undefined,
                      toggle: () => onChange(withRule(document, key, toggled(document.flags[key] ?? null))),
                      remove: () => onChange(withRule(document, key, null)),
                    }
                  : null
              }
            />
          ))}
          {rollouts.map(([key, flag]) => (
            <li key={key} className={styles.rule}>
              <div className={styles.ruleHead}>
                <span className={styles.ruleTitle}>{titleOf(key, flag)}</span>
                <Badge tone="accent">rollout under way</Badge>
              </div>
              <p className={styles.quiet}>Made by the rollout itself and asked after all other rules.</p>
            </li>
          ))}
        </ol>
      )}
      {opened && (
        <RuleDialog
          {...props}
          known={keys}
          commits={options}
          naming={naming}
          rule={opened}
          onClose={() => setOpened(null)}
          onDone={(key, flag) => {
            onChange(withRule(document, key, flag, opened.key ?? key));
            setOpened(null);
          }}
        />
      )}
    </Card>
  );
}

function toggled(flag: Json): Json {
  return isObject(flag) ? { ...flag, state: flag["state"] === "ENABLED" ? "DISABLED" : "ENABLED" } : flag;
}

interface Acts {
  open: () => void;
  up: (() => void) | undefined;
  down: (() => void) | undefined;
  toggle: () => void;
  remove: () => void;
}

interface RowProps {
  name: string;
  flag: Json;
  naming: Naming;
  faults: Shared["faults"];
  acts: Acts | null;
}

function RuleRow({ name, flag, naming, faults, acts }: RowProps) {
  const form = formOf(name, flag);
  const title = titleOf(name, flag);
  const on = !isObject(flag) || flag["state"] === "ENABLED";
  return (
    <li className={styles.rule}>
      <div className={styles.ruleHead}>
        <span className={styles.ruleTitle}>{title}</span>
        {!on && <Badge>off</Badge>}
        {form?.lines.some((line) => line.share) && <Badge tone="accent">split</Badge>}
        {!form && <Badge tone="warn">written by hand</Badge>}
        {acts && (
          <span className={styles.ruleActs}>
            <IconButton
              icon="up"
              size="small"
              label={`Move ${title} up`}
              disabled={!acts.up}
              onClick={acts.up}
            />
            <IconButton
              icon="down"
              size="small"
              label={`Move ${title} down`}
              disabled={!acts.down}
              onClick={acts.down}
            />
            <Button size="small" icon="edit" onClick={acts.open} aria-label={`Edit ${title}`}>
              Edit
            </Button>
            <Menu
              align="end"
              trigger={<IconButton icon="more" size="small" label={`More for ${title}`} />}
              groups={[
                {
                  items: [
                    { label: on ? "Switch off" : "Switch on", icon: "switch", onSelect: acts.toggle },
                    { label: "Remove", icon: "trash", danger: true, onSelect: acts.remove },
                  ],
                },
              ]}
            />
          </span>
        )}
      </div>
      <p className={on ? styles.sentence : styles.quiet}>
        {form
          ? ruleInWords(form, naming)
          : "This rule says more than the form can show. It is kept as it is."}
      </p>
      {form && <p className={styles.quiet}>{subjectInWords(form)}</p>}
      <Faults faults={faults} />
    </li>
  );
}
