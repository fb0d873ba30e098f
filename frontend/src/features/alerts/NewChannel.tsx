import { useState } from "react";
import { client, take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, Select, TextInput } from "@/ui/Field";
import styles from "./Alerts.module.css";
import { type Channel, useAct } from "./alerts";
import { ROLE_OPTIONS } from "./channels";

const KINDS = [
  { value: "webhook", label: "Webhook: a signed POST to an address" },
  { value: "inbox", label: "Inbox: a notice to members, here" },
];

export function NewChannelForm({ project, onMade }: { project: string; onMade: (secret: string) => void }) {
  const [kind, setKind] = useState<Channel["kind"]>("webhook");
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [role, setRole] = useState("viewer");
  const create = useAct(project, () =>
    take(
      client.POST("/api/v1/projects/{project}/channels", {
        params: { path: { project } },
        body: { kind, name: name.trim(), address: kind === "inbox" ? role : url.trim() },
      }),
    ),
  );
  const problem = create.error ? toProblem(create.error) : undefined;
  return (
    <Form
      onSubmit={() => create.mutate(undefined, { onSuccess: (made) => onMade(made.secret) })}
      actions={
        <Button variant="primary" type="submit" loading={create.isPending}>
          Make channel
        </Button>
      }
    >
      <Field label="Kind">
        <Select
          options={KINDS}
          value={kind}
          onChange={(event) => setKind(event.target.value === "inbox" ? "inbox" : "webhook")}
        />
      </Field>
      <Field label="Name" error={problem?.field("name")}>
        <TextInput value={name} maxLength={100} autoFocus onChange={(event) => setName(event.target.value)} />
      </Field>
      <AddressField
        kind={kind}
        address={kind === "inbox" ? role : url}
        onChange={kind === "inbox" ? setRole : setUrl}
        error={problem?.field("address")}
      />
      {problem && problem.errors.length === 0 && <FormError error={create.error} />}
    </Form>
  );
}

interface AddressFieldProps {
  kind: Channel["kind"];
  address: string;
  onChange: (address: string) => void;
  error: string | undefined;
}

/** A webhook's URL, or whose inbox is told. */
export function AddressField({ kind, address, onChange, error }: AddressFieldProps) {
  if (kind === "inbox") {
    return (
      <Field label="Tells the inbox of" error={error}>
        <Select options={ROLE_OPTIONS} value={address} onChange={(event) => onChange(event.target.value)} />
      </Field>
    );
  }
  return (
    <Field
      label="Address"
      error={error}
      hint="Messages are signed as Standard Webhooks says, and tried again for 16 hours."
    >
      <TextInput
        value={address}
        maxLength={500}
        inputMode="url"
        placeholder="https://example.org/alerts"
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}

/** The signing secret, this once. */
export function ShownSecret({ secret, onDone }: { secret: string; onDone: () => void }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(secret);
    setCopied(true);
  };
  return (
    <Form
      onSubmit={onDone}
      actions={
        <Button variant="primary" type="submit">
          Done
        </Button>
      }
    >
      <p>The receiver verifies messages with it. It is stored encrypted, and nobody can show it again.</p>
      <div className={styles.secret}>
        <code>{secret}</code>
        <Button size="small" icon={copied ? "check" : "copy"} onClick={() => void copy()}>
          {copied ? "Copied" : "Copy"}
        </Button>
      </div>
    </Form>
  );
}
