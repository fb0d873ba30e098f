import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, take } from "@/api/client";
import { toProblem } from "@/api/problem";
import type { Role } from "@/api/session";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, Select, TextInput } from "@/ui/Field";
import { toast } from "@/ui/Toast";
import { ROLE_OPTIONS } from "./members";

/** Adds a known person by e-mail; for an unknown one it asks for a name and a first password. */
export function AddMember({ project, onDone }: { project: string; onDone: () => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [unknown, setUnknown] = useState(false);
  const queries = useQueryClient();
  const add = useMutation({
    mutationFn: () =>
      take(
        client.POST("/api/v1/projects/{project}/members", {
          params: { path: { project } },
          body: { email, role, ...(unknown ? { name, password } : {}) },
        }),
      ),
    onSuccess: (member) => {
      void queries.invalidateQueries({ queryKey: [project, "members"] });
      toast(`${member.user.name || member.user.email} is ${member.role} now`);
      onDone();
    },
    onError: (error) => {
      if (toProblem(error).code === "unknown_person") setUnknown(true);
    },
  });
  const problem = add.error ? toProblem(add.error) : undefined;
  const newPerson = problem?.code === "unknown_person";
  return (
    <Form
      onSubmit={() => add.mutate()}
      actions={
        <Button variant="primary" type="submit" loading={add.isPending}>
          {unknown ? "Make the account and add" : "Add"}
        </Button>
      }
    >
      <Field label="E-mail" error={newPerson ? undefined : problem?.field("email")}>
        <TextInput type="email" value={email} autoFocus onChange={(event) => setEmail(event.target.value)} />
      </Field>
      <Field label="Role" hint={`A ${role} ${ROLE_OPTIONS.find((option) => option.value === role)?.may}.`}>
        <Select
          options={ROLE_OPTIONS.map(({ value, label }) => ({ value, label }))}
          value={role}
          onChange={(event) => setRole(event.target.value as Role)}
        />
      </Field>
      {unknown && (
        <>
          <p role="status">
            Nobody with this e-mail is here yet. Give a name and a first password to make the account.
          </p>
          <Field label="Name" error={problem?.field("name")}>
            <TextInput value={name} autoFocus onChange={(event) => setName(event.target.value)} />
          </Field>
          <Field
            label="First password"
            error={problem?.field("password")}
            hint="Tell it to them on a safe way."
          >
            <TextInput
              type="text"
              autoComplete="off"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          </Field>
        </>
      )}
      {!problem?.errors.length && <FormError error={add.error} />}
    </Form>
  );
}
