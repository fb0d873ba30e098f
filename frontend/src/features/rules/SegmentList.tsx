import { useState } from "react";
import { Button, IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CodeEditor } from "@/ui/CodeEditor";
import { Dialog } from "@/ui/Dialog";
import { Field, Form, TextInput } from "@/ui/Field";
import { ConditionFields } from "./ConditionFields";
import { everybody, fieldsIn, type Group, groupJson, groupOf } from "./conditions";
import { type Json, usersOf, withSegment } from "./document";
import { Faults } from "./Faults";
import { lintJson, parsed } from "./RuleDialog";
import styles from "./Rules.module.css";
import { faultsAt, useKnownFields } from "./rules";
import type { Shared } from "./shared";
import { groupInWords } from "./words";

/** Conditions with a name, which several rules may use. */
export function SegmentList({ project, environment, document, faults, may, onChange }: Shared) {
  const fields = useKnownFields(project, environment);
  const [opened, setOpened] = useState<string | null>(null);
  const segments = Object.entries(document.$evaluators ?? {});
  return (
    <Card
      title="Named groups"
      description="Conditions that several rules use: change a group once, and all of them follow."
      padding={segments.length ? "none" : "normal"}
      actions={
        may && (
          <Button icon="plus" onClick={() => setOpened("")}>
            New group
          </Button>
        )
      }
    >
      {segments.length === 0 ? (
        <p className={styles.quiet}>None yet.</p>
      ) : (
        <ul className={styles.rules}>
          {segments.map(([name, condition]) => {
            const users = usersOf(document, name);
            return (
              <li key={name} className={styles.rule}>
                <div className={styles.ruleHead}>
                  <span className={styles.ruleTitle}>{name}</span>
                  {may && (
                    <span className={styles.ruleActs}>
                      <Button
                        size="small"
                        icon="edit"
                        onClick={() => setOpened(name)}
                        aria-label={`Edit ${name}`}
                      >
                        Edit
                      </Button>
                      <IconButton
                        icon="trash"
                        size="small"
                        label={users.length ? `${name} is in use` : `Remove ${name}`}
                        disabled={users.length > 0}
                        onClick={() => onChange(withSegment(document, name, null))}
                      />
                    </span>
                  )}
                </div>
                <p className={styles.sentence}>{sentence(condition)}</p>
                <p className={styles.quiet}>
                  {users.length ? `Used by ${users.join(", ")}` : "No rule uses it yet"}
                </p>
                <Faults faults={faultsAt(faults, "$evaluators", name)} />
              </li>
            );
          })}
        </ul>
      )}
      {opened !== null && (
        <SegmentDialog
          name={opened}
          condition={document.$evaluators?.[opened] ?? null}
          known={segments.map(([name]) => name)}
          fields={fields}
          onClose={() => setOpened(null)}
          onDone={(name, condition) => {
            onChange(withSegment(document, name, condition, opened || name));
            setOpened(null);
          }}
        />
      )}
    </Card>
  );
}

function sentence(condition: Json): string {
  const words = groupInWords(groupOf(condition));
  return words ? `Callers where ${words}.` : "Everybody.";
}

interface DialogProps {
  name: string;
  condition: Json;
  known: string[];
  fields: string[];
  onClose: () => void;
  onDone: (name: string, condition: Json) => void;
}

function SegmentDialog({ name: old, condition, known, fields, onClose, onDone }: DialogProps) {
  const [name, setName] = useState(old);
  const [group, setGroup] = useState<Group>(() => (old ? groupOf(condition) : everybody()));
  const byHand = group.items.length === 1 && group.items[0]?.kind === "other";
  const [text, setText] = useState(() => JSON.stringify(condition, null, 2));
  const [tried, setTried] = useState(false);
  const read = parsed(text);
  const taken = name !== old && known.includes(name);
  const wrong = name.trim() === "" ? "Give the group a name." : taken ? "This name is taken." : undefined;
  const made = byHand ? (read.ok ? read.value : undefined) : groupJson(group);
  const nameless = fieldsIn(group).includes("");
  const submit = () => {
    setTried(true);
    if (!wrong && !nameless && made !== undefined) onDone(name.trim(), made ?? true);
  };
  return (
    <Dialog open shape="wide" onClose={onClose} title={old ? `Group ${old}` : "New group"}>
      <Form
        onSubmit={submit}
        actions={
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="primary" disabled={made === undefined}>
              Use this group
            </Button>
          </>
        }
      >
        <Field label="Name" error={tried ? wrong : undefined}>
          <TextInput
            value={name}
            maxLength={100}
            autoFocus={!old}
            placeholder="beta testers"
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
        {byHand ? (
          <CodeEditor
            label={`Group ${old} as JSON`}
            language="json"
            value={text}
            onChange={setText}
            lint={lintJson}
            minHeight={200}
          />
        ) : (
          <fieldset className={styles.line}>
            <legend>Who is in it</legend>
            <ConditionFields
              label="Group"
              group={group}
              segments={known.filter((each) => each !== old)}
              fields={fields}
              onChange={setGroup}
            />
            {tried && nameless && (
              <p className={styles.fault} role="alert">
                Say which field each condition is about, or remove it.
              </p>
            )}
          </fieldset>
        )}
      </Form>
    </Dialog>
  );
}
