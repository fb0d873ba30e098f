import { useState } from "react";
import type { FileDiff } from "@/features/prompts/files";
import { Button } from "@/ui/Button";
import type { Side } from "@/ui/Diff";
import { FormError } from "@/ui/ErrorState";
import { Field, TextArea, TextInput } from "@/ui/Field";
import drafts from "./Drafts.module.css";
import { type Draft, useAddComment } from "./drafts";
import { MentionBox } from "./MentionBox";
import styles from "./Review.module.css";

interface LineFormProps {
  project: string;
  draft: Draft;
  file: FileDiff;
  place: { side: Side; line: number };
  onDone: () => void;
}

/** A remark at a line; on the draft's own side it may bring another text for that line and those after it. */
export function LineForm({ project, draft, file, place, onDone }: LineFormProps) {
  const add = useAddComment(project, draft.number, onDone);
  const [body, setBody] = useState("");
  const [end, setEnd] = useState(place.line);
  const [text, setText] = useState<string | null>(null);
  const old = place.side === "old";
  const lines = (file.new_text ?? "").replace(/\n$/, "").split("\n");
  const original = lines.slice(place.line - 1, end).join("\n");
  const where = {
    path: old ? file.old_path : file.path,
    commit: old ? draft.base_commit : draft.head_commit,
  };
  const ready = text === null ? body.trim() !== "" : text !== original;
  const send = () => {
    if (!ready || add.isPending) return;
    const extra = text === null ? {} : { suggestion: text, end_line: end };
    add.mutate({ body: body.trim(), ...place, ...where, ...extra });
  };
  const widen = (value: number) => {
    const next = Math.min(Math.max(value || place.line, place.line), lines.length);
    if (text === original) setText(lines.slice(place.line - 1, next).join("\n"));
    setEnd(next);
  };
  return (
    <form
      className={drafts.boxed}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className={drafts.form}>
        <MentionBox
          project={project}
          label={`Comment on line ${place.line}`}
          value={body}
          onChange={setBody}
          onSend={send}
          onCancel={onDone}
          autoFocus
        />
        {text !== null && (
          <div className={styles.proposal}>
            <Field label="Another text for these lines" hint="Leave it empty to take the lines out.">
              <TextArea
                className={styles.mono}
                rows={Math.min(12, Math.max(2, text.split("\n").length))}
                value={text}
                spellCheck={false}
                autoFocus
                onChange={(event) => setText(event.target.value)}
                onKeyDown={(event) => {
                  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
                  if (event.key === "Escape") onDone();
                }}
              />
            </Field>
            <Field label={`From line ${place.line} to`}>
              <TextInput
                type="number"
                min={place.line}
                max={lines.length}
                value={end}
                style={{ width: 88 }}
                onChange={(event) => widen(event.target.valueAsNumber)}
              />
            </Field>
          </div>
        )}
        <FormError error={add.error} />
        <div className={drafts.buttons}>
          <Button type="submit" size="small" variant="primary" loading={add.isPending} disabled={!ready}>
            {text === null ? "Comment" : "Suggest"}
          </Button>
          {!old && file.new_text != null && text === null && (
            <Button size="small" icon="edit" onClick={() => setText(original)}>
              Suggest another text
            </Button>
          )}
          <Button size="small" variant="quiet" onClick={onDone}>
            Cancel
          </Button>
        </div>
      </div>
    </form>
  );
}
