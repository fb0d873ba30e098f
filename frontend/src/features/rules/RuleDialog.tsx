import { useState } from "react";
import { Button } from "@/ui/Button";
import { CodeEditor } from "@/ui/CodeEditor";
import { Dialog } from "@/ui/Dialog";
import { Checkbox, Field, Form, type Option, Select, TextInput } from "@/ui/Field";
import { ConditionFields } from "./ConditionFields";
import { fieldsIn } from "./conditions";
import { type Json, KEY } from "./document";
import { OutcomeFields, VariantSelect } from "./OutcomeFields";
import styles from "./Rules.module.css";
import { flagOf, type Line, newLine, type RuleForm, tidied } from "./ruleForm";
import { useKnownFields } from "./rules";
import type { Shared } from "./shared";
import { VariantFields } from "./VariantFields";
import { type Naming, ruleInWords } from "./words";

interface DialogProps extends Shared {
  known: string[];
  commits: Option[];
  naming: Naming;
  rule: { key: string | null; form: RuleForm } | { key: string; json: Json };
  onClose: () => void;
  onDone: (key: string, flag: Json) => void;
}

/** One rule: as a form, or as JSON where the form cannot say it. */
export function RuleDialog(props: DialogProps) {
  const { rule, onClose, onDone } = props;
  return (
    <Dialog open shape="wide" onClose={onClose} title={rule.key === null ? "New rule" : `Rule ${rule.key}`}>
      {"json" in rule ? (
        <ByHand name={rule.key} json={rule.json} onClose={onClose} onDone={onDone} />
      ) : (
        <RuleFields {...props} old={rule.key} start={rule.form} />
      )}
    </Dialog>
  );
}

interface ByHandProps {
  name: string;
  json: Json;
  onClose: () => void;
  onDone: (key: string, flag: Json) => void;
}

function ByHand({ name, json, onClose, onDone }: ByHandProps) {
  const [text, setText] = useState(() => JSON.stringify(json, null, 2));
  const read = parsed(text);
  return (
    <Form
      onSubmit={() => read.ok && onDone(name, read.value)}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" disabled={!read.ok}>
            Use this rule
          </Button>
        </>
      }
    >
      <p className={styles.quiet}>
        This rule says more than the form can show, so it is edited as flagd writes it. Nothing of it is lost.
      </p>
      <CodeEditor
        label={`Rule ${name} as JSON`}
        language="json"
        value={text}
        onChange={setText}
        lint={lintJson}
        minHeight={280}
      />
      {!read.ok && <p className={styles.fault}>This is not JSON: {read.why}</p>}
    </Form>
  );
}

export function parsed(text: string): { ok: true; value: Json } | { ok: false; why: string } {
  try {
    return { ok: true, value: JSON.parse(text) as Json };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}

/** The place of a JSON fault, for the editor's margin. */
export function lintJson(text: string) {
  const read = parsed(text);
  if (read.ok) return [];
  const at = Number(/position (\d+)/.exec(read.why)?.[1] ?? text.length);
  const before = text.slice(0, at).split("\n");
  return [{ line: before.length, column: (before.at(-1)?.length ?? 0) + 1, message: read.why }];
}

/** A key for a title: "Shorter answers" -> shorter-answers. */
function keyFrom(title: string): string {
  const words = title
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "");
  return words.slice(0, 60);
}

function RuleFields({ old, start, ...props }: DialogProps & { old: string | null; start: RuleForm }) {
  const { known, naming, now, commits, onClose, onDone } = props;
  const [form, setForm] = useState(start);
  const fields = useKnownFields(props.project, props.environment);
  const [tried, setTried] = useState(false);
  const set = (change: Partial<RuleForm>) => setForm({ ...form, ...change });
  const named = form.key || (old === null ? keyFrom(form.title) : old);
  const wrong = keyFault(named, old, known);
  const nameless = form.lines.some((line) => fieldsIn(line.who).includes(""));
  const unfinished = nameless || form.lines.some((line) => !line.share && line.variant === "");
  const submit = () => {
    setTried(true);
    if (wrong || unfinished) return;
    onDone(named, flagOf({ ...tidied(form), key: named }));
  };
  const setLine = (index: number, line: Line, whole: RuleForm = form) =>
    setForm({ ...whole, lines: whole.lines.map((each, at) => (at === index ? line : each)) });
  return (
    <Form
      onSubmit={submit}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary">
            Use this rule
          </Button>
        </>
      }
    >
      <div className={styles.pair}>
        <Field label="Name" optional>
          <TextInput
            value={form.title}
            maxLength={100}
            placeholder="Shorter answers for Germany"
            autoFocus={old === null}
            onChange={(event) => set({ title: event.target.value })}
          />
        </Field>
        <Field
          label="Key"
          error={tried ? wrong : undefined}
          hint={form.serves === "value" ? "The app asks for this." : "Stands in the logs beside the variant."}
        >
          <TextInput
            value={form.key}
            placeholder={named}
            disabled={old !== null}
            onChange={(event) => set({ key: event.target.value })}
          />
        </Field>
      </div>
      {form.serves === "commit" ? (
        <Field label="About">
          <Select
            value={form.artefact}
            options={[
              { value: "", label: "All prompts, configs and adapters" },
              ...withChosen(now.artefacts, form.artefact).map((name) => ({ value: name, label: name })),
            ]}
            onChange={(event) => set({ artefact: event.target.value })}
          />
        </Field>
      ) : (
        <VariantFields form={form} onChange={setForm} />
      )}
      {form.lines.map((line, index) => (
        <fieldset key={index} className={styles.line}>
          <legend>{index === 0 ? "Who" : "Else, who"}</legend>
          <ConditionFields
            label={`Line ${index + 1}`}
            group={line.who}
            segments={Object.keys(props.document.$evaluators ?? {})}
            fields={fields}
            onChange={(who) => setLine(index, { ...line, who })}
          />
          {tried && fieldsIn(line.who).includes("") && (
            <p className={styles.fault} role="alert">
              Say which field each condition is about, or remove it.
            </p>
          )}
          <OutcomeFields
            form={form}
            line={line}
            commits={commits}
            missing={tried && !line.share && line.variant === ""}
            onChange={(next, whole) => setLine(index, next, whole)}
          />
          {form.lines.length > 1 && (
            <div>
              <Button
                size="small"
                variant="quiet"
                icon="trash"
                onClick={() => set({ lines: form.lines.filter((_, at) => at !== index) })}
              >
                Remove line {index + 1}
              </Button>
            </div>
          )}
        </fieldset>
      ))}
      <div>
        <Button
          size="small"
          icon="plus"
          onClick={() =>
            set({ lines: [...form.lines, newLine(form.serves === "value" ? form.otherwise : "")] })
          }
        >
          Another line
        </Button>
      </div>
      <Field
        label="Everyone else"
        hint={form.serves === "commit" ? "“What is live” leaves it to the next rule." : undefined}
      >
        <VariantSelect
          form={form}
          commits={commits}
          value={form.otherwise}
          onChange={(otherwise, whole) => setForm({ ...whole, otherwise })}
        />
      </Field>
      <Checkbox
        label="On"
        checked={form.enabled}
        onChange={(event) => set({ enabled: event.target.checked })}
        hint="A rule that is off is not asked."
      />
      <p className={styles.summary} aria-live="polite">
        {ruleInWords(form, naming)}
      </p>
    </Form>
  );
}

function keyFault(key: string, old: string | null, known: string[]): string | undefined {
  if (!key) return "Give the rule a name or a key.";
  if (key.startsWith("rollout-")) return "Keys that begin with “rollout-” belong to rollouts.";
  if (!KEY.test(key)) return "Begin with a letter; then letters, digits, dots, dashes and underscores.";
  return key !== old && known.includes(key) ? "There is a rule with this key already." : undefined;
}

function withChosen(names: string[], chosen: string): string[] {
  return chosen && !names.includes(chosen) ? [...names, chosen] : names;
}
