import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { projectsQuery } from "@/api/session";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, TextArea, TextInput } from "@/ui/Field";

/** "Support desk" -> "support-desk", as it stands in addresses. */
export function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63)
    .replace(/-+$/, "");
}

export function NewProject() {
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string>();
  const [description, setDescription] = useState("");
  const queries = useQueryClient();
  const navigate = useNavigate();
  const address = slug ?? slugOf(name);
  const create = useMutation({
    mutationFn: () =>
      take(
        client.POST("/api/v1/projects", {
          body: { name, description, ...(address ? { slug: address } : {}) },
        }),
      ),
    onSuccess: async (project) => {
      await queries.invalidateQueries({ queryKey: projectsQuery.queryKey });
      await navigate({ to: "/p/$project", params: { project: project.slug } });
    },
  });
  const problem = create.error ? toProblem(create.error) : undefined;
  return (
    <Form
      onSubmit={() => create.mutate()}
      actions={
        <Button variant="primary" type="submit" loading={create.isPending}>
          Create project
        </Button>
      }
    >
      <Field label="Name" error={problem?.field("name")}>
        <TextInput value={name} maxLength={100} autoFocus onChange={(event) => setName(event.target.value)} />
      </Field>
      <Field label="In addresses" error={problem?.field("slug")} hint={`/p/${address || "…"}`}>
        <TextInput value={address} onChange={(event) => setSlug(event.target.value)} />
      </Field>
      <Field label="What it is for" optional error={problem?.field("description")}>
        <TextArea rows={3} value={description} onChange={(event) => setDescription(event.target.value)} />
      </Field>
      {!problem?.errors.length && <FormError error={create.error} />}
    </Form>
  );
}
