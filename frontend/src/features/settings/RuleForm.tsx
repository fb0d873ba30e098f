import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, Select, TextInput } from "@/ui/Field";
import { type ApprovalRule, type NewRule, useSetRule } from "./approvals";
import { membersQuery } from "./members";
import styles from "./Settings.module.css";

const ROLES = [
  { value: "", label: "Only the people chosen below" },
  { value: "editor", label: "Anybody who may edit" },
  { value: "maintainer", label: "Maintainers and owners" },
  { value: "owner", label: "Owners" },
];

/** So many approvals, of whom, for which files. */
export function RuleForm({
  project,
  rule,
  onDone,
}: {
  project: string;
  rule?: ApprovalRule | undefined;
  onDone: () => void;
}) {
  const members = useQuery(membersQuery(project)).data ?? [];
  const [pattern, setPattern] = useState(rule?.pattern ?? "");
  const [count, setCount] = useState(String(rule?.count ?? 1));
  const [role, setRole] = useState<string>(rule ? (rule.role ?? "") : "maintainer");
  const [people, setPeople] = useState<number[]>(rule?.people.map((person) => person.id) ?? []);
  const save = useSetRule(project, rule?.id, onDone);
  const problem = save.error ? toProblem(save.error) : undefined;
  const tick = (id: number, on: boolean) =>
    setPeople(on ? [...people, id] : people.filter((each) => each !== id));
  return (
    <Form
      onSubmit={() =>
        save.mutate({ pattern, count: Number(count), role: role as NonNullable<NewRule["role"]>, people })
      }
      actions={
        <Button variant="primary" type="submit" loading={save.isPending} disabled={!pattern.trim()}>
          Save
        </Button>
      }
    >
      <Field
        label="Files"
        error={problem?.field("pattern")}
        hint="A folder such as /prompts/legal/, an ending such as *.schema.json, or * for every file."
      >
        <TextInput
          value={pattern}
          spellCheck={false}
          autoFocus
          onChange={(event) => setPattern(event.target.value)}
        />
      </Field>
      <Field label="How many approvals" error={problem?.field("count")}>
        <TextInput
          type="number"
          min={1}
          max={10}
          value={count}
          style={{ width: 96 }}
          onChange={(event) => setCount(event.target.value)}
        />
      </Field>
      <Field label="Whose approval counts" error={problem?.field("people")}>
        <Select options={ROLES} value={role} onChange={(event) => setRole(event.target.value)} />
      </Field>
      <fieldset className={styles.scopes}>
        <legend>And of these people</legend>
        {members
          .filter((member) => member.role !== "viewer")
          .map(({ user }) => (
            <Checkbox
              key={user.id}
              label={user.name}
              checked={people.includes(user.id)}
              onChange={(event) => tick(user.id, event.target.checked)}
            />
          ))}
      </fieldset>
      {!problem?.errors.length && <FormError error={save.error} />}
    </Form>
  );
}
