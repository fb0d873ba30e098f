import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { environmentsQuery } from "@/features/deployments/deployments";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, Select, TextInput } from "@/ui/Field";
import { expiryAfter, LIFETIMES, SCOPES, type Scope } from "./keys";
import styles from "./Settings.module.css";

interface NewKeyProps {
  project: string;
  open: boolean;
  onClose: () => void;
}

/** Makes a key, then shows it this once. */
export function NewKeyDialog({ project, open, onClose }: NewKeyProps) {
  const [token, setToken] = useState<string | null>(null);
  const close = () => {
    setToken(null);
    onClose();
  };
  return (
    <Dialog open={open} onClose={close} title={token ? "Copy your key now" : "New key"}>
      {token ? <ShownKey token={token} onDone={close} /> : <NewKeyForm project={project} onMade={setToken} />}
    </Dialog>
  );
}

function NewKeyForm({ project, onMade }: { project: string; onMade: (token: string) => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["runtime", "logs"]);
  const [days, setDays] = useState("90");
  const [environments, setEnvironments] = useState<string[] | null>(null);
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: () =>
      take(
        client.POST("/api/v1/projects/{project}/keys", {
          params: { path: { project } },
          body: { name, scopes, expires_at: expiryAfter(days), environments: environments ?? [] },
        }),
      ),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: [project, "keys"] });
      onMade(made.token);
    },
  });
  const problem = create.error ? toProblem(create.error) : undefined;
  const toggle = (scope: Scope, on: boolean) =>
    setScopes(
      SCOPES.map((item) => item.value).filter((item) => (item === scope ? on : scopes.includes(item))),
    );
  return (
    <Form
      onSubmit={() => create.mutate()}
      actions={
        <Button
          variant="primary"
          type="submit"
          loading={create.isPending}
          disabled={scopes.length === 0 || environments?.length === 0}
        >
          Make key
        </Button>
      }
    >
      <Field
        label="Name"
        error={problem?.field("name")}
        hint="Which program uses it, e.g. “Help desk, production”."
      >
        <TextInput value={name} maxLength={100} autoFocus onChange={(event) => setName(event.target.value)} />
      </Field>
      <fieldset className={styles.scopes}>
        <legend>It may</legend>
        {SCOPES.map((scope) => (
          <Checkbox
            key={scope.value}
            label={scope.label}
            hint={scope.may}
            checked={scopes.includes(scope.value)}
            onChange={(event) => toggle(scope.value, event.target.checked)}
          />
        ))}
        {scopes.length === 0 && <p className={styles.error}>Choose at least one.</p>}
      </fieldset>
      <Places project={project} chosen={environments} onChange={setEnvironments} />
      <Field label="Expires after" error={problem?.field("expires_at")}>
        <Select options={LIFETIMES} value={days} onChange={(event) => setDays(event.target.value)} />
      </Field>
      {!problem?.errors.length && <FormError error={create.error} />}
    </Form>
  );
}

/** Where the key acts: everywhere (null), or in the environments chosen. */
function Places({
  project,
  chosen,
  onChange,
}: {
  project: string;
  chosen: string[] | null;
  onChange: (slugs: string[] | null) => void;
}) {
  const environments = useQuery(environmentsQuery(project)).data ?? [];
  const toggle = (slug: string, on: boolean) =>
    onChange(
      environments
        .map((item) => item.slug)
        .filter((other) => (other === slug ? on : chosen?.includes(other))),
    );
  return (
    <fieldset className={styles.scopes}>
      <legend>Where</legend>
      <Checkbox
        label="In every environment"
        hint="also in those that are added later"
        checked={chosen === null}
        onChange={(event) => onChange(event.target.checked ? null : [])}
      />
      {chosen !== null &&
        environments.map((item) => (
          <Checkbox
            key={item.slug}
            label={item.name}
            checked={chosen.includes(item.slug)}
            onChange={(event) => toggle(item.slug, event.target.checked)}
          />
        ))}
      {chosen?.length === 0 && <p className={styles.error}>Choose at least one environment.</p>}
    </fieldset>
  );
}

function ShownKey({ token, onDone }: { token: string; onDone: () => void }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(token);
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
      <p>It is stored hashed: nobody can show it again. Keep it where your program reads its secrets.</p>
      <div className={styles.token}>
        <code data-testid="token">{token}</code>
        <Button size="small" icon={copied ? "check" : "copy"} onClick={() => void copy()}>
          {copied ? "Copied" : "Copy"}
        </Button>
      </div>
    </Form>
  );
}
