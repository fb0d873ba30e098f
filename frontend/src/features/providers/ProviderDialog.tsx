import { useState } from "react";
import { toProblem } from "@/api/problem";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, TextArea, TextInput } from "@/ui/Field";
import { type Filled, type Provider, useSave, writeModels } from "./providers";

interface Props {
  project: string;
  /** Null: a new one. */
  provider: Provider | null;
  onClose: () => void;
}

/** Adds an endpoint, or changes one. */
export function ProviderDialog({ project, provider, onClose }: Props) {
  const [filled, setFilled] = useState<Filled>(() => ({
    slug: provider?.slug ?? "",
    name: provider?.name ?? "",
    base_url: provider?.base_url ?? "https://",
    key: "",
    models: writeModels(provider?.models ?? []),
  }));
  const save = useSave(project, provider, onClose);
  const problem = save.error ? toProblem(save.error) : undefined;
  const set = (name: keyof Filled) => (event: { target: { value: string } }) =>
    setFilled({ ...filled, [name]: event.target.value });
  return (
    <Dialog open onClose={onClose} title={provider ? `Change “${provider.name}”` : "Add a provider"}>
      <Form
        onSubmit={() => save.mutate(filled)}
        actions={
          <Button variant="primary" type="submit" loading={save.isPending}>
            {provider ? "Save" : "Add provider"}
          </Button>
        }
      >
        <Field label="Name" error={problem?.field("name")}>
          <TextInput value={filled.name} maxLength={100} autoFocus onChange={set("name")} />
        </Field>
        {!provider && (
          <Field label="Name in prompts" hint="acme in acme/gpt-4o; it stays." error={problem?.field("slug")}>
            <TextInput value={filled.slug} maxLength={63} onChange={set("slug")} />
          </Field>
        )}
        <Field
          label="Address"
          hint="Ends before /chat/completions, as https://api.example.com/v1."
          error={problem?.field("base_url")}
        >
          <TextInput value={filled.base_url} maxLength={300} onChange={set("base_url")} />
        </Field>
        <Field
          label="Key"
          optional
          hint={
            provider?.has_key
              ? "One is kept; leave this empty to keep it."
              : "It is encrypted and never shown again."
          }
          error={problem?.field("key")}
        >
          <TextInput
            type="password"
            autoComplete="off"
            value={filled.key}
            maxLength={500}
            onChange={set("key")}
          />
        </Field>
        <Field
          label="Models"
          optional
          hint="One a line: its id, then the dollars for a million tokens in and out if you want costs shown."
          error={problem?.field("models")}
        >
          <TextArea
            rows={4}
            spellCheck={false}
            placeholder="gpt-4o 2.50 10"
            value={filled.models}
            onChange={set("models")}
          />
        </Field>
        <FormError error={save.error} />
      </Form>
    </Dialog>
  );
}
