import { useState } from "react";
import { Button, IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, TextArea, TextInput } from "@/ui/Field";
import { Id } from "@/ui/Id";
import { Segmented } from "@/ui/Segmented";
import { isObject, type Json, type JsonObject, LIVE, type RuleDocument, same } from "./document";
import { parsed } from "./RuleDialog";
import styles from "./Rules.module.css";
import { type InForce, type Tried, useTry } from "./rules";
import { useCommits } from "./shared";
import { titleOf, valueInWords } from "./words";

interface TryProps {
  project: string;
  environment: string;
  document: RuleDocument;
  now: InForce;
}

type Row = [string, string];

/** One caller: which commit and which values they would get, and which rule says so. */
export function TryCard({ project, environment, document, now }: TryProps) {
  const [asJson, setAsJson] = useState(false);
  const [rows, setRows] = useState<Row[]>([
    ["targetingKey", "person-7"],
    ["plan", "pro"],
  ]);
  const [text, setText] = useState("");
  const ask = useTry(project, environment);
  const read = asJson ? parsed(text) : { ok: true as const, value: contextOf(rows) };
  const put = (index: number, row: Row) => setRows(rows.map((each, at) => (at === index ? row : each)));
  return (
    <Card
      title="Try one caller"
      description="What somebody would get by the rules as they stand here, saved or not."
    >
      <div className={styles.stack}>
        <div>
          <Segmented
            label="How the caller is given"
            value={asJson ? "json" : "fields"}
            options={[
              { value: "fields", label: "Fields" },
              { value: "json", label: "JSON" },
            ]}
            onChange={(next) => {
              if (next === "json") setText(JSON.stringify(contextOf(rows), null, 2));
              else if (read.ok && isObject(read.value)) setRows(rowsOf(read.value));
              setAsJson(next === "json");
            }}
          />
        </div>
        <Form
          onSubmit={() => read.ok && ask.mutate({ document, context: read.value })}
          actions={
            <Button type="submit" icon="play" loading={ask.isPending} disabled={!read.ok}>
              Try
            </Button>
          }
        >
          {asJson ? (
            <Field label="The caller as JSON" error={read.ok ? undefined : `This is not JSON: ${read.why}`}>
              <TextArea rows={6} value={text} onChange={(event) => setText(event.target.value)} />
            </Field>
          ) : (
            <div className={styles.stack}>
              {rows.map((row, index) => (
                <div key={index} className={styles.field}>
                  <TextInput
                    aria-label={`Field ${index + 1}`}
                    value={row[0]}
                    onChange={(event) => put(index, [event.target.value, row[1]])}
                  />
                  <TextInput
                    aria-label={`Value of ${row[0] || `field ${index + 1}`}`}
                    value={row[1]}
                    onChange={(event) => put(index, [row[0], event.target.value])}
                  />
                  <IconButton
                    icon="close"
                    label={`Remove field ${index + 1}`}
                    onClick={() => setRows(rows.filter((_, at) => at !== index))}
                  />
                </div>
              ))}
              <div>
                <Button size="small" icon="plus" onClick={() => setRows([...rows, ["", ""]])}>
                  Field
                </Button>
              </div>
            </div>
          )}
        </Form>
        <FormError error={ask.error} />
        {ask.data && !same(ask.variables.document, document) && (
          <p className={styles.warning}>The rules have changed since this was tried.</p>
        )}
        {ask.data && <Outcome project={project} tried={ask.data} document={document} now={now} />}
      </div>
    </Card>
  );
}

function Outcome({
  project,
  tried,
  document,
  now,
}: { project: string; tried: Tried } & Omit<TryProps, "environment">) {
  const { naming } = useCommits(project, now);
  const flags: Record<string, Json> = { ...document.flags, ...(now.under_way as Record<string, Json>) };
  const subject = (commit: string) =>
    naming(
      { variants: [{ name: "x", value: commit }], serves: "commit" } as Parameters<typeof naming>[0],
      "x",
    );
  return (
    <div className={styles.stack} aria-live="polite">
      <h3 className={styles.small}>They get</h3>
      <ul className={styles.counts}>
        {tried.artefacts.length === 0 && (
          <li className={styles.quiet}>Nothing is live here, so there is no commit.</li>
        )}
        {tried.artefacts.map(({ artefact, commit, variant }) => (
          <li key={artefact}>
            <strong>{artefact}</strong>
            <p>
              <Id value={commit} label="commit" /> {/“.*”/.exec(subject(commit))?.[0]}
            </p>
            <p className={styles.quiet}>
              {variant
                ? `because of ${titleOf(variant.split("/")[0] ?? "", flags[variant.split("/")[0] ?? ""] ?? null)}`
                : "what is live: no rule had a say"}
            </p>
          </li>
        ))}
      </ul>
      {tried.rules.length > 0 && <h3 className={styles.small}>What each rule says</h3>}
      <ul className={styles.counts}>
        {tried.rules.map((rule) => (
          <li key={rule.key}>
            <strong>{titleOf(rule.key, flags[rule.key] ?? null)}</strong>
            <p>{saidInWords(rule)}</p>
          </li>
        ))}
      </ul>
      {tried.stopped && <p className={styles.warning}>Time was up before all rules were asked.</p>}
    </div>
  );
}

function saidInWords({ variant, value, reason, message }: Tried["rules"][number]): string {
  if (reason === "ERROR") return message || "It failed.";
  if (reason === "DISABLED") return "It is off.";
  if (reason === "DEFAULT" && value === LIVE) return "Does not fit.";
  const given =
    variant === null ? "nothing; the app's own default holds" : `${variant}: ${shortValue(value as Json)}`;
  return reason === "TARGETING_MATCH"
    ? `Fits: ${given}`
    : reason === "STATIC"
      ? `For all: ${given}`
      : `Does not fit, so ${given}`;
}

function shortValue(value: Json): string {
  return typeof value === "string" && /^[0-9a-f]{40}$/.test(value) ? value.slice(0, 8) : valueInWords(value);
}

/** Numbers and true or false as they are meant; everything else a text. */
function contextOf(rows: Row[]): JsonObject {
  const named = rows.filter(([name]) => name.trim() !== "");
  return Object.fromEntries(
    named.map(([name, value]) => [name.trim(), name.trim() === "targetingKey" ? value : meant(value)]),
  );
}

function meant(text: string): Json {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : text;
}

function rowsOf(context: JsonObject): Row[] {
  return Object.entries(context).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}
