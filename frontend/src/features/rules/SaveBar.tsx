import { useState } from "react";
import { type ProblemItem, toProblem } from "@/api/problem";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import { Field, TextInput } from "@/ui/Field";
import { toast } from "@/ui/Toast";
import type { RuleDocument } from "./document";
import styles from "./Rules.module.css";
import { changesInWords, type RuleSet, useSave } from "./rules";

interface SaveProps {
  project: string;
  environment: string;
  name: string;
  document: RuleDocument;
  /** The number of the rules that the changes began from. */
  base: number | null;
  faults: ProblemItem[];
  /** The document was looked at as it stands. */
  checked: boolean;
  changes: RuleSet["changes"];
  onBase: (base: number | null) => void;
  onDone: () => void;
}

/** What was changed and is not in force yet: save it, or let it go. */
export function SaveBar(props: SaveProps) {
  const { project, environment, name, document, base, faults, checked, changes, onBase, onDone } = props;
  const [note, setNote] = useState("");
  const save = useSave(project, environment);
  const stale = save.error && toProblem(save.error).code === "stale_rules" ? toProblem(save.error) : null;
  const submit = (expected: number | null) =>
    save.mutate(
      { document, note, expected },
      {
        onSuccess: (made) => {
          toast(`The rules of ${name} are in force (#${made.number})`);
          onDone();
        },
      },
    );
  return (
    <section className={styles.save} aria-label="Changes that are not saved">
      <p>
        <strong>Not saved yet.</strong> {changesInWords(changes)}
        {faults.length > 0 && ` · ${plural(faults.length, "thing")} to mend first`}
      </p>
      {stale ? (
        <div className={styles.stack} role="alert">
          <p className={styles.warning}>
            {String(stale.extra["actor_name"] ?? "Somebody")} saved other rules in the meantime
            {stale.extra["note"] ? ` (“${stale.extra["note"]}”)` : ""}. Keep theirs, or put yours in their
            place.
          </p>
          <div className={styles.adds}>
            <Button onClick={onDone}>Keep theirs, drop mine</Button>
            <Button
              variant="danger"
              loading={save.isPending}
              onClick={() => {
                const theirs = Number(stale.extra["number"] ?? 0) || null;
                onBase(theirs);
                submit(theirs);
              }}
            >
              Put mine in their place
            </Button>
          </div>
        </div>
      ) : (
        <>
          <FormError error={save.error} />
          <form
            className={styles.saveForm}
            onSubmit={(event) => {
              event.preventDefault();
              submit(base);
            }}
          >
            <Field label="Why" optional>
              <TextInput value={note} maxLength={2000} onChange={(event) => setNote(event.target.value)} />
            </Field>
            <Button onClick={onDone}>Discard</Button>
            <Button
              type="submit"
              variant="primary"
              loading={save.isPending}
              disabled={!checked || faults.length > 0}
            >
              Save and put in force
            </Button>
          </form>
        </>
      )}
    </section>
  );
}
