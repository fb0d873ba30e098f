import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import type { Environment } from "@/features/deployments/deployments";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, Select, TextInput } from "@/ui/Field";
import { toast } from "@/ui/Toast";
import { type EnvironmentChange, useChangeEnvironment } from "./environments";
import { membersQuery } from "./members";
import styles from "./Settings.module.css";

const COUNTS = Array.from({ length: 11 }, (_, count) => ({
  value: String(count),
  label: count ? plural(count, "approval") : "none",
}));
const ROLES = [
  { value: "maintainer", label: "Maintainers and owners" },
  { value: "owner", label: "Owners" },
  { value: "editor", label: "Anybody who may edit" },
  { value: "", label: "Only the people chosen below" },
];

interface EnvironmentFormProps {
  project: string;
  environment: Environment;
  /** The name of the environment before it; nothing for the first. */
  before: string | undefined;
  onDone: () => void;
}

/** The name of an environment and what it asks for. */
export function EnvironmentForm({ project, environment, before, onDone }: EnvironmentFormProps) {
  const [name, setName] = useState(environment.name);
  const [guarded, setGuarded] = useState(environment.guarded);
  const [count, setCount] = useState(environment.required_approvals);
  const [role, setRole] = useState<string>(environment.approver_role ?? "");
  const [people, setPeople] = useState(environment.approvers.map((person) => person.id));
  const [own, setOwn] = useState(environment.own_approval_counts);
  const [soak, setSoak] = useState(environment.soak_hours?.toString() ?? "");
  const save = useChangeEnvironment(project, environment.slug, () => {
    toast("Saved");
    onDone();
  });
  const problem = save.error ? toProblem(save.error) : undefined;
  const submit = () =>
    save.mutate({
      name: name.trim(),
      guarded,
      required_approvals: count,
      approver_role: role as NonNullable<EnvironmentChange["approver_role"]>,
      approvers: people,
      own_approval_counts: own,
      soak_hours: soak.trim() === "" ? null : Number(soak),
    });
  return (
    <Form
      onSubmit={submit}
      actions={
        <Button variant="primary" type="submit" loading={save.isPending} disabled={!name.trim()}>
          Save
        </Button>
      }
    >
      <Field label="Name" error={problem?.field("name")}>
        <TextInput value={name} maxLength={100} autoFocus onChange={(event) => setName(event.target.value)} />
      </Field>
      <Checkbox
        label="The checks that a merge requires must have passed here, too"
        checked={guarded}
        onChange={(event) => setGuarded(event.target.checked)}
      />
      {before && (
        <Field
          label={`Hours that it was live in ${before}`}
          optional
          error={problem?.field("soak_hours")}
          hint={`Only what was live in ${before} for so long may go live here. 0: for any time at all. Empty: not asked for.`}
        >
          <TextInput
            type="number"
            min={0}
            max={2160}
            value={soak}
            style={{ width: 96 }}
            onChange={(event) => setSoak(event.target.value)}
          />
        </Field>
      )}
      <Field label="Approvals to go live" error={problem?.field("required_approvals")}>
        <Select
          options={COUNTS}
          value={String(count)}
          onChange={(event) => setCount(Number(event.target.value))}
        />
      </Field>
      {count > 0 && (
        <>
          <Field label="Whose approval counts" error={problem?.field("approver_role")}>
            <Select options={ROLES} value={role} onChange={(event) => setRole(event.target.value)} />
          </Field>
          <People project={project} chosen={people} onChange={setPeople} />
          <Checkbox
            label="The approval of the person who deploys counts"
            checked={own}
            onChange={(event) => setOwn(event.target.checked)}
          />
        </>
      )}
      <FormError error={problem?.field("approvers") || !problem?.errors.length ? save.error : null} />
    </Form>
  );
}

interface PeopleProps {
  project: string;
  chosen: number[];
  onChange: (ids: number[]) => void;
}

function People({ project, chosen, onChange }: PeopleProps) {
  const members = useQuery(membersQuery(project)).data ?? [];
  return (
    <fieldset className={styles.scopes}>
      <legend>And of these people</legend>
      {members.map(({ user }) => (
        <Checkbox
          key={user.id}
          label={user.name}
          checked={chosen.includes(user.id)}
          onChange={(event) =>
            onChange(event.target.checked ? [...chosen, user.id] : chosen.filter((each) => each !== user.id))
          }
        />
      ))}
    </fieldset>
  );
}
