import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { client, take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { type Project, projectQuery, projectsQuery, useCan } from "@/api/session";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { DataList } from "@/ui/DataList";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Field, Form, TextArea, TextInput } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import { Time } from "@/ui/Time";
import { toast } from "@/ui/Toast";
import styles from "./Settings.module.css";
import { SettingsFrame } from "./SettingsFrame";

export default function GeneralPage() {
  const { project: slug = "" } = useParams({ strict: false });
  const project = useQuery(projectQuery(slug));
  const owner = useCan(slug, "owner");
  return (
    <SettingsFrame title="General" description={owner ? undefined : "Only an owner changes these."}>
      <div className={styles.narrow}>
        <Card>
          {project.isPending && <SkeletonText lines={5} />}
          {project.isError && <ErrorState error={project.error} retry={() => void project.refetch()} />}
          {project.isSuccess &&
            (owner ? (
              <ProjectForm key={slug} project={project.data} />
            ) : (
              <ProjectFacts project={project.data} />
            ))}
        </Card>
      </div>
    </SettingsFrame>
  );
}

function ProjectFacts({ project }: { project: Project }) {
  return (
    <DataList
      items={[
        ["Name", project.name],
        ["What it is for", project.description || "–"],
        ["Approvals to merge", project.required_approvals],
        ["Your role", project.role],
        ["Since", <Time key="since" at={project.created_at} />],
      ]}
    />
  );
}

function ProjectForm({ project }: { project: Project }) {
  const [name, setName] = useState(project.name);
  const [description, setDescription] = useState(project.description ?? "");
  const [approvals, setApprovals] = useState(String(project.required_approvals ?? 0));
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () =>
      take(
        client.PATCH("/api/v1/projects/{project}", {
          params: { path: { project: project.slug } },
          body: { name, description, required_approvals: Number(approvals) },
        }),
      ),
    onSuccess: (saved) => {
      queries.setQueryData(projectQuery(project.slug).queryKey, saved);
      void queries.invalidateQueries({ queryKey: projectsQuery.queryKey });
      toast("Saved");
    },
  });
  const problem = save.error ? toProblem(save.error) : undefined;
  return (
    <Form
      onSubmit={() => save.mutate()}
      actions={
        <Button variant="primary" type="submit" loading={save.isPending}>
          Save
        </Button>
      }
    >
      <Field label="Name" error={problem?.field("name")}>
        <TextInput value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
      </Field>
      <Field label="What it is for" optional error={problem?.field("description")}>
        <TextArea rows={3} value={description} onChange={(event) => setDescription(event.target.value)} />
      </Field>
      <Field
        label="Approvals to merge"
        error={problem?.field("required_approvals")}
        hint="How many other people must approve a draft before it can be merged."
      >
        <TextInput
          type="number"
          min={0}
          max={10}
          value={approvals}
          style={{ width: 96 }}
          onChange={(event) => setApprovals(event.target.value)}
        />
      </Field>
      {!problem?.errors.length && <FormError error={save.error} />}
    </Form>
  );
}
