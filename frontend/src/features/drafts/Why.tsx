import { useState } from "react";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Dialog } from "@/ui/Dialog";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, TextArea, TextInput } from "@/ui/Field";
import styles from "./Drafts.module.css";
import { type Draft, useChangeDraft } from "./drafts";
import { Said } from "./Said";

/** Why this change: the description, and a way to better it. */
export function Why({ project, draft }: { project: string; draft: Draft }) {
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <Card
      title="Why"
      actions={
        draft.may.comment && (
          <Button size="small" variant="quiet" icon="edit" onClick={() => setOpen(true)}>
            Edit title and reason
          </Button>
        )
      }
    >
      {draft.description ? (
        <Said project={project} text={draft.description} />
      ) : (
        <p className={styles.empty}>Nobody said why yet.</p>
      )}
      <Dialog open={open} onClose={close} title="Title and reason">
        <WhyForm project={project} draft={draft} onDone={close} />
      </Dialog>
    </Card>
  );
}

function WhyForm({ project, draft, onDone }: { project: string; draft: Draft; onDone: () => void }) {
  const [title, setTitle] = useState(draft.title);
  const [description, setDescription] = useState(draft.description);
  const [version] = useState(draft.version);
  const change = useChangeDraft(project, draft.number, onDone);
  return (
    <Form
      onSubmit={() => change.mutate({ title, description, version })}
      actions={
        <Button variant="primary" type="submit" loading={change.isPending} disabled={!title.trim()}>
          Save
        </Button>
      }
    >
      <Field label="Title">
        <TextInput value={title} maxLength={200} onChange={(event) => setTitle(event.target.value)} />
      </Field>
      <Field label="Why" optional>
        <TextArea rows={8} value={description} onChange={(event) => setDescription(event.target.value)} />
      </Field>
      <FormError error={change.error} />
    </Form>
  );
}
