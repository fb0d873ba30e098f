import { useState } from "react";
import { toProblem } from "@/api/problem";
import { slugOf } from "@/features/projects/NewProject";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, TextInput } from "@/ui/Field";
import { useAddEnvironment } from "./environments";

/** A new environment, after the others. */
export function NewEnvironment({ project, onDone }: { project: string; onDone: () => void }) {
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string>();
  const [guarded, setGuarded] = useState(false);
  const add = useAddEnvironment(project, onDone);
  const problem = add.error ? toProblem(add.error) : undefined;
  const short = slug ?? slugOf(name);
  return (
    <Form
      onSubmit={() => add.mutate({ name: name.trim(), slug: short, guarded })}
      actions={
        <Button variant="primary" type="submit" loading={add.isPending} disabled={!name.trim() || !short}>
          Add it
        </Button>
      }
    >
      <Field label="Name" error={problem?.field("name")}>
        <TextInput value={name} maxLength={100} autoFocus onChange={(event) => setName(event.target.value)} />
      </Field>
      <Field
        label="Short name"
        error={problem?.field("slug")}
        hint="What apps ask for. Small letters, digits and hyphens; it cannot be changed later."
      >
        <TextInput
          value={short}
          maxLength={63}
          spellCheck={false}
          onChange={(event) => setSlug(event.target.value)}
        />
      </Field>
      <Checkbox
        label="The checks that a merge requires must have passed here, too"
        checked={guarded}
        onChange={(event) => setGuarded(event.target.checked)}
      />
      {!problem?.errors.length && <FormError error={add.error} />}
    </Form>
  );
}
