import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { modelsQuery } from "@/features/playground/playground";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ConfirmDialog, Dialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Field, Form, Select, TextArea, TextInput } from "@/ui/Field";
import { Stack } from "@/ui/Page";
import { SkeletonRows } from "@/ui/Skeleton";
import { type Column, Table } from "@/ui/Table";
import { type GatewayRoute, gatewayQuery, span, useDeleteRoute, usePutRoute } from "./gateway";

const KEPT = [0, 60, 300, 3600, 86_400, 604_800];

/** Who answers when a model does not, and whose answers are kept. */
export function RoutesCard({ project, may }: { project: string; may: boolean }) {
  const gateway = useQuery(gatewayQuery(project));
  const [editing, setEditing] = useState<GatewayRoute | "new" | null>(null);
  const [removing, setRemoving] = useState<GatewayRoute | null>(null);
  const add = may && (
    <Button size="small" icon="plus" onClick={() => setEditing("new")}>
      Add
    </Button>
  );
  const routes = gateway.data?.routes;
  return (
    <Card
      title="Stand-ins and kept answers"
      description="When a model does not answer, the next one of its list is asked. An exactly equal request may get the answer of before."
      actions={routes && routes.length > 0 && add}
      padding="none"
    >
      {gateway.isPending && <SkeletonRows rows={2} columns={3} />}
      {gateway.isError && <ErrorState error={gateway.error} retry={() => void gateway.refetch()} />}
      {routes?.length === 0 && (
        <Empty icon="spark" title="Every model stands for itself" action={add}>
          No model has a stand-in, and no answer is kept.
        </Empty>
      )}
      {routes && routes.length > 0 && (
        <Table
          label="Stand-ins and kept answers"
          columns={[...COLUMNS, ...(may ? [acts(setEditing, setRemoving)] : [])]}
          rows={routes}
          rowKey={(item) => item.model}
          listKeys={false}
        />
      )}
      {editing && (
        <Edit project={project} route={editing === "new" ? null : editing} onClose={() => setEditing(null)} />
      )}
      {removing && <Remove project={project} item={removing} onClose={() => setRemoving(null)} />}
    </Card>
  );
}

const COLUMNS: Column<GatewayRoute>[] = [
  { key: "model", header: "Model or prompt", primary: true, cell: (item) => <code>{item.model}</code> },
  {
    key: "fallbacks",
    header: "Stand-ins, in order",
    cell: (item) => item.fallbacks.join(", then ") || "none",
  },
  {
    key: "kept",
    header: "Answers kept for",
    width: "150px",
    cell: (item) => (item.cache_seconds ? span(item.cache_seconds) : "not kept"),
  },
];

function acts(
  onEdit: (item: GatewayRoute) => void,
  onRemove: (item: GatewayRoute) => void,
): Column<GatewayRoute> {
  return {
    key: "acts",
    header: "Actions",
    hideHeader: true,
    align: "right",
    width: "160px",
    cell: (item) => (
      <Stack row gap={1}>
        <Button size="small" variant="quiet" aria-label={`Edit ${item.model}`} onClick={() => onEdit(item)}>
          Edit
        </Button>
        <Button
          size="small"
          variant="quiet"
          aria-label={`Remove ${item.model}`}
          onClick={() => onRemove(item)}
        >
          Remove
        </Button>
      </Stack>
    ),
  };
}

interface EditProps {
  project: string;
  route: GatewayRoute | null;
  onClose: () => void;
}

function Edit({ project, route, onClose }: EditProps) {
  const models = useQuery(modelsQuery(project));
  const [model, setModel] = useState(route?.model ?? "");
  const [fallbacks, setFallbacks] = useState((route?.fallbacks ?? []).join("\n"));
  const [kept, setKept] = useState(String(route?.cache_seconds ?? 0));
  const save = usePutRoute(project, onClose);
  const problem = save.error ? toProblem(save.error) : undefined;
  const lines = fallbacks.split("\n").map((line) => line.trim());
  const names = lines.filter(Boolean);
  const fault =
    problem?.field("fallbacks") ?? names.map((_, at) => problem?.field(`fallbacks.${at}`)).find(Boolean);
  const known = (models.data ?? []).map((one) => one.name);
  return (
    <Dialog open onClose={onClose} title={route ? `Change ${route.model}` : "Stand-ins and kept answers"}>
      <Form
        onSubmit={() => save.mutate({ model: model.trim(), fallbacks: names, cache_seconds: Number(kept) })}
        actions={
          <Button variant="primary" type="submit" loading={save.isPending}>
            Save
          </Button>
        }
      >
        {!route && (
          <Field
            label="Model or prompt"
            hint="provider/model, or prompts/ and the prompt's name."
            error={problem?.field("model")}
          >
            <TextInput
              value={model}
              maxLength={263}
              autoFocus
              onChange={(event) => setModel(event.target.value)}
            />
          </Field>
        )}
        <Field
          label="Stand-ins"
          optional
          hint={
            known.length
              ? `One a line, in order. There are ${known.slice(0, 6).join(", ")}.`
              : "One a line, in order."
          }
          error={fault}
        >
          <TextArea
            rows={3}
            spellCheck={false}
            value={fallbacks}
            onChange={(event) => setFallbacks(event.target.value)}
          />
        </Field>
        <Field
          label="Keep answers for"
          hint="Only for requests that are equal in every letter, and never for other projects."
          error={problem?.field("cache_seconds")}
        >
          <Select
            value={kept}
            options={keptOptions(kept)}
            onChange={(event) => setKept(event.target.value)}
          />
        </Field>
        <FormError error={save.error} />
      </Form>
    </Dialog>
  );
}

function keptOptions(present: string) {
  const all = [...new Set([...KEPT, Number(present)])].sort((a, b) => a - b);
  return all.map((seconds) => ({
    value: String(seconds),
    label: seconds ? span(seconds) : "Do not keep them",
  }));
}

function Remove({ project, item, onClose }: { project: string; item: GatewayRoute; onClose: () => void }) {
  const remove = useDeleteRoute(project, onClose);
  return (
    <ConfirmDialog
      open
      danger
      onClose={onClose}
      title={`Remove what is said of ${item.model}?`}
      action="Remove"
      loading={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(item.id)}
    >
      From now on nobody stands in for it, and its answers are not kept.
    </ConfirmDialog>
  );
}
