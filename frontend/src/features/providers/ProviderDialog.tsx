import { useState } from "react";
import { toProblem } from "@/api/problem";
import type { components } from "@/api/schema";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, Select, TextArea, TextInput } from "@/ui/Field";
import { StateBadge } from "@/ui/StateBadge";
import styles from "./Providers.module.css";
import { type Filled, offerSaid, type Provider, useSave, useTrial, writeModels } from "./providers";

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
    driver: provider?.driver === "vllm" ? "vllm" : "",
    adapters_root: provider?.adapters_root ?? "",
    replicas: (provider?.replicas ?? []).join("\n"),
  }));
  const save = useSave(project, provider, onClose);
  const trial = useTrial(project, provider);
  const error = save.error ?? trial.error;
  const problem = error ? toProblem(error) : undefined;
  const set = (name: keyof Filled) => (event: { target: { value: string } }) =>
    setFilled({ ...filled, [name]: event.target.value });
  return (
    <Dialog open onClose={onClose} title={provider ? `Change “${provider.name}”` : "Add a provider"}>
      <Form
        onSubmit={() => {
          trial.reset();
          save.mutate(filled);
        }}
        actions={
          <>
            <Button
              loading={trial.isPending}
              onClick={() => {
                save.reset();
                trial.mutate(filled);
              }}
            >
              Test connection
            </Button>
            <Button variant="primary" type="submit" loading={save.isPending}>
              {provider ? "Save" : "Add provider"}
            </Button>
          </>
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
        <Field
          label="Adapters of this project"
          hint="vLLM loads them while it runs, if it was started so."
          error={problem?.field("driver")}
        >
          <Select
            options={DRIVERS}
            value={filled.driver}
            onChange={(event) =>
              setFilled({ ...filled, driver: event.target.value === "vllm" ? "vllm" : "" })
            }
          />
        </Field>
        {filled.driver && <Vllm filled={filled} problem={problem} set={set} />}
        {trial.data && <Tried said={trial.data} />}
        <FormError error={error} />
      </Form>
    </Dialog>
  );
}

/** The form is longer than a small screen: what was found comes into sight, with the buttons below it. */
const show = (found: HTMLElement | null) => found?.scrollIntoView({ block: "nearest" });

/** What the endpoint said, in sentences: its models, then each address at which it is to load adapters. */
function Tried({ said }: { said: components["schemas"]["TryAnswer"] }) {
  return (
    <ul className={styles.tried} ref={show} aria-live="polite" aria-label="What the test found">
      <li>
        <StateBadge state="ok" plain>
          answers
        </StateBadge>
        <span>{offerSaid(said.models)}</span>
      </li>
      {said.adapters.map((one) => (
        <li key={one.address}>
          <StateBadge state={one.ok ? "ok" : "failed"} plain>
            {one.ok ? "adapters" : "no adapters"}
          </StateBadge>
          <span>
            {one.ok && said.adapters.length > 1 && `${one.address}: `}
            {one.detail}
          </span>
        </li>
      ))}
    </ul>
  );
}

const DRIVERS = [
  { value: "", label: "It loads none" },
  { value: "vllm", label: "vLLM loads them" },
];

interface VllmProps {
  filled: Filled;
  problem: ReturnType<typeof toProblem> | undefined;
  set: (name: keyof Filled) => (event: { target: { value: string } }) => void;
}

/** Where the server finds adapters, and which servers there are. */
function Vllm({ filled, problem, set }: VllmProps) {
  return (
    <>
      <Field
        label="Folder of adapters, as that server sees it"
        optional
        hint="Empty: at the same path as here. Start it with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True."
        error={problem?.field("adapters_root")}
      >
        <TextInput
          value={filled.adapters_root}
          maxLength={300}
          placeholder="/mnt/adapters"
          onChange={set("adapters_root")}
        />
      </Field>
      <Field
        label="Servers behind the address"
        optional
        hint="One a line, when the address above is a balancer: adapters are loaded on each."
        error={problem?.field("replicas")}
      >
        <TextArea
          rows={2}
          spellCheck={false}
          placeholder="http://gpu-1:8000/v1"
          value={filled.replicas}
          onChange={set("replicas")}
        />
      </Field>
    </>
  );
}
