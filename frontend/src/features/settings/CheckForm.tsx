import { useState } from "react";
import { toProblem } from "@/api/problem";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, TextInput } from "@/ui/Field";
import { useRequireCheck } from "./approvals";

/** A check by name, and the files it guards. */
export function CheckForm({
  project,
  environment,
  onDone,
}: {
  project: string;
  /** Left out: every merge needs it. */
  environment?: string;
  onDone: () => void;
}) {
  const [name, setName] = useState("");
  const [path, setPath] = useState("");
  const save = useRequireCheck(project, environment, onDone);
  const problem = save.error ? toProblem(save.error) : undefined;
  return (
    <Form
      onSubmit={() => save.mutate({ name: name.trim(), path: path.trim() })}
      actions={
        <Button variant="primary" type="submit" loading={save.isPending} disabled={!name.trim()}>
          Require it
        </Button>
      }
    >
      <Field label="Check" error={problem?.field("name")} hint="The name under which it is shown in drafts.">
        <TextInput value={name} maxLength={100} autoFocus onChange={(event) => setName(event.target.value)} />
      </Field>
      <Field
        label="When this file or folder changes"
        optional
        error={problem?.field("path")}
        hint="Empty: any file."
      >
        <TextInput value={path} spellCheck={false} onChange={(event) => setPath(event.target.value)} />
      </Field>
      {!problem?.errors.length && <FormError error={save.error} />}
    </Form>
  );
}
