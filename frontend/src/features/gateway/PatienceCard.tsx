import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { DataList } from "@/ui/DataList";
import { Dialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Field, Form, TextInput } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import { gatewayQuery, type Patience, span, usePatience } from "./gateway";

const FIELDS: { name: keyof Patience; label: string; hint: string }[] = [
  { name: "retries", label: "Further tries", hint: "0 to 5, for each model, before the first word came." },
  { name: "first_byte_seconds", label: "Wait for the first word", hint: "Seconds." },
  { name: "between_seconds", label: "Wait between words", hint: "Seconds." },
  { name: "total_seconds", label: "Longest call", hint: "Seconds, all tries together." },
];

/** How long to wait, and how often to try again. */
export function PatienceCard({ project, may }: { project: string; may: boolean }) {
  const gateway = useQuery(gatewayQuery(project));
  const [editing, setEditing] = useState(false);
  const now = gateway.data;
  return (
    <Card
      title="Patience"
      description="How long a model may take, and how often it is asked again. One that fails five times in half a minute is left alone for a moment."
      actions={
        may &&
        now && (
          <Button size="small" onClick={() => setEditing(true)}>
            Change
          </Button>
        )
      }
    >
      {gateway.isPending && <SkeletonText lines={3} />}
      {gateway.isError && <ErrorState error={gateway.error} retry={() => void gateway.refetch()} />}
      {now && (
        <DataList
          items={FIELDS.map(({ name, label }) => [
            label,
            name === "retries" ? String(now[name] ?? 0) : span(now[name] ?? 0),
          ])}
        />
      )}
      {editing && now && <Edit project={project} now={now} onClose={() => setEditing(false)} />}
    </Card>
  );
}

function Edit({ project, now, onClose }: { project: string; now: Patience; onClose: () => void }) {
  const [filled, setFilled] = useState(() =>
    Object.fromEntries(FIELDS.map(({ name }) => [name, String(now[name] ?? "")])),
  );
  const save = usePatience(project, onClose);
  const problem = save.error ? toProblem(save.error) : undefined;
  const numbers = () =>
    Object.fromEntries(FIELDS.map(({ name }) => [name, Number(filled[name])])) as unknown as Patience;
  return (
    <Dialog open onClose={onClose} title="Patience">
      <Form
        onSubmit={() => save.mutate(numbers())}
        actions={
          <Button variant="primary" type="submit" loading={save.isPending}>
            Save
          </Button>
        }
      >
        {FIELDS.map(({ name, label, hint }) => (
          <Field key={name} label={label} hint={hint} error={problem?.field(name)}>
            <TextInput
              inputMode="numeric"
              value={filled[name]}
              onChange={(event) => setFilled({ ...filled, [name]: event.target.value })}
            />
          </Field>
        ))}
        <FormError error={save.error} />
      </Form>
    </Dialog>
  );
}
