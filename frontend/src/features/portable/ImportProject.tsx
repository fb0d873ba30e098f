import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { formatBytes } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, TextInput } from "@/ui/Field";
import styles from "./Portable.module.css";
import { useImport } from "./portable";

/** Makes a project of an exported file. Whoever imports it owns it. */
export function ImportProject({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Import a project"
      description="From a file that Variorum exported, here or elsewhere. It comes whole or not at all, and you own it."
    >
      <ImportForm onClose={onClose} />
    </Dialog>
  );
}

function ImportForm({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File>();
  const [slug, setSlug] = useState("");
  const [name, setName] = useState("");
  const navigate = useNavigate();
  const bring = useImport();
  const problem = bring.error ? toProblem(bring.error) : undefined;
  const slugError = problem?.field("slug");
  const submit = () =>
    file &&
    bring.mutate(
      { file, slug: slug.trim(), name: name.trim() },
      {
        onSuccess: (begun) => {
          onClose();
          void navigate({ to: "/imports/$number", params: { number: String(begun.id) } });
        },
      },
    );
  return (
    <Form
      onSubmit={submit}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" loading={bring.isPending} disabled={!file}>
            Import
          </Button>
        </>
      }
    >
      <Field label="File" hint={file ? formatBytes(file.size) : "It ends in .zip."}>
        <TextInput
          type="file"
          accept=".zip,application/zip"
          onChange={(event) => setFile(event.target.files?.[0])}
        />
      </Field>
      <Field label="In addresses" optional error={slugError} hint="Only when its own name is taken here.">
        <TextInput value={slug} maxLength={63} onChange={(event) => setSlug(event.target.value)} />
      </Field>
      <Field label="Name" optional hint="Only when it shall have another one here.">
        <TextInput value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
      </Field>
      <p className={styles.quiet}>
        Keys and secrets are in no export: enter keys of model providers and webhooks anew. People who have no
        account here are shown by name until they get one.
      </p>
      {!slugError && <FormError error={bring.error} />}
    </Form>
  );
}
