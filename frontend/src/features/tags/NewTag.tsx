import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Field, Form, TextArea, TextInput } from "@/ui/Field";
import { Id } from "@/ui/Id";
import { SkeletonText } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import styles from "./Tags.module.css";
import { type Suggestion, suggestionQuery, useCreateTag } from "./tags";

interface NewTagProps {
  project: string;
  /** What gets the name: main, or a commit. */
  refName: string;
  onClose: () => void;
}

/** Names a commit for good: the next name and what was merged since are filled in, both to be edited. */
export function NewTagDialog({ project, refName, onClose }: NewTagProps) {
  const suggestion = useQuery(suggestionQuery(project, refName));
  return (
    <Dialog
      open
      onClose={onClose}
      shape="wide"
      title="New tag"
      description="A name with notes for one commit. It never moves, and it is good wherever a commit can be named."
    >
      {suggestion.isPending && <SkeletonText lines={6} />}
      {suggestion.isError && <ErrorState error={suggestion.error} retry={() => void suggestion.refetch()} />}
      {suggestion.data && <TagForm project={project} suggestion={suggestion.data} onClose={onClose} />}
    </Dialog>
  );
}

interface TagFormProps {
  project: string;
  suggestion: Suggestion;
  onClose: () => void;
}

function TagForm({ project, suggestion, onClose }: TagFormProps) {
  const [name, setName] = useState(suggestion.name);
  const [notes, setNotes] = useState(suggestion.notes);
  const create = useCreateTag(project);
  const problem = create.error ? toProblem(create.error) : undefined;
  const nameError = problem?.code === "tag_exists" ? problem.detail : problem?.field("name");
  const submit = () =>
    create.mutate(
      { name: name.trim(), ref: suggestion.commit, notes },
      {
        onSuccess: (made) => {
          toast(`${made.name} names “${made.subject}”`);
          onClose();
        },
      },
    );
  return (
    <Form
      onSubmit={submit}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={create.isPending} disabled={!name.trim()}>
            Make the tag
          </Button>
        </>
      }
    >
      <p className={styles.quiet}>
        For commit <Id value={suggestion.commit} label="commit" />. {sinceInWords(suggestion)}
      </p>
      <Field label="Name" error={nameError} hint="Letters, digits and . _ + -, for example v3.">
        <TextInput value={name} maxLength={100} autoFocus onChange={(event) => setName(event.target.value)} />
      </Field>
      <Field label="Notes" optional hint="Markdown. They stay with the tag, also in a clone.">
        <TextArea
          rows={8}
          maxLength={20_000}
          value={notes}
          onChange={(event) => setNotes(event.target.value)}
        />
      </Field>
      {!nameError && <FormError error={create.error} />}
    </Form>
  );
}

/** What the notes rest on. */
function sinceInWords({ since, drafts, beside }: Suggestion): string {
  const parts = [
    ...(drafts.length ? [plural(drafts.length, "merged draft")] : []),
    ...(beside ? [`${plural(beside, "change")} without a draft`] : []),
  ];
  if (parts.length === 0) return since ? `Nothing was merged since ${since}.` : "Nothing was merged yet.";
  return `Since ${since ?? "the beginning"}: ${parts.join(" and ")}.`;
}
