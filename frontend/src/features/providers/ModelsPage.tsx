import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useCan } from "@/api/session";
import { Live } from "@/features/adapters/Live";
import { liveQuery, memorySaid } from "@/features/adapters/live";
import { modelsQuery } from "@/features/playground/playground";
import { SettingsFrame } from "@/features/settings/SettingsFrame";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ConfirmDialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Stack } from "@/ui/Page";
import { SkeletonRows, SkeletonText } from "@/ui/Skeleton";
import { type Column, Table } from "@/ui/Table";
import { ProviderDialog } from "./ProviderDialog";
import { type Provider, providersQuery, useRemove, useTry } from "./providers";

export default function ModelsPage() {
  const { project = "" } = useParams({ strict: false });
  const [editing, setEditing] = useState<Provider | "new" | null>(null);
  const may = useCan(project, "maintainer");
  const add = may && (
    <Button variant="primary" icon="plus" onClick={() => setEditing("new")}>
      Add provider
    </Button>
  );
  return (
    <SettingsFrame
      title="Models"
      description="Where prompts are answered. A prompt names its model as provider/model."
      actions={add}
    >
      <Stack>
        <Own project={project} />
        <Others project={project} may={may} add={add} onEdit={setEditing} />
        <Live project={project} />
      </Stack>
      {editing && (
        <ProviderDialog
          project={project}
          provider={editing === "new" ? null : editing}
          onClose={() => setEditing(null)}
        />
      )}
    </SettingsFrame>
  );
}

function Own({ project }: { project: string }) {
  const models = useQuery(modelsQuery(project));
  const memory = useQuery(liveQuery(project)).data?.own;
  const own = (models.data ?? []).filter((model) => model.provider === "local");
  return (
    <Card
      title="Our own server"
      description="Small, on this machine; it answers with the adapters of this project."
    >
      {models.isPending && <SkeletonText lines={1} />}
      {models.isError && <ErrorState error={models.error} retry={() => void models.refetch()} />}
      {models.data && (
        <p style={{ margin: 0 }}>
          {own.length
            ? own.map((model) => <code key={model.name}>{model.name} </code>)
            : "It does not run here."}
        </p>
      )}
      {memory && (
        <p style={{ margin: 0 }}>
          Adapters: {memorySaid(memory)}.
          {memory.used > memory.memory && " More than they may take: what is live is loaded all the same."}
        </p>
      )}
    </Card>
  );
}

interface OthersProps {
  project: string;
  may: boolean;
  add: React.ReactNode;
  onEdit: (provider: Provider) => void;
}

function Others({ project, may, add, onEdit }: OthersProps) {
  const providers = useQuery(providersQuery(project));
  const [removing, setRemoving] = useState<Provider | null>(null);
  const trial = useTry(project);
  return (
    <Card title="Providers" description="OpenAI-compatible endpoints of this project." padding="none">
      {providers.isPending && <SkeletonRows rows={3} columns={4} />}
      {providers.isError && <ErrorState error={providers.error} retry={() => void providers.refetch()} />}
      {providers.data?.length === 0 && (
        <Empty icon="spark" title="No providers yet" action={add}>
          Any endpoint that speaks OpenAI's chat completions: a hosted one, vLLM, llama.cpp.
        </Empty>
      )}
      {providers.data && providers.data.length > 0 && (
        <Table
          label="Providers"
          columns={[...COLUMNS, ...(may ? [acts(onEdit, setRemoving, trial.mutate, trial.isPending)] : [])]}
          rows={providers.data}
          rowKey={(item) => item.slug}
          listKeys={false}
        />
      )}
      {removing && <Remove project={project} item={removing} onClose={() => setRemoving(null)} />}
    </Card>
  );
}

const COLUMNS: Column<Provider>[] = [
  { key: "name", header: "Name", primary: true, cell: (item) => item.name },
  { key: "slug", header: "In prompts", width: "140px", cell: (item) => <code>{item.slug}/…</code> },
  { key: "url", header: "Address", cell: (item) => item.base_url, wideOnly: true },
  { key: "key", header: "Key", width: "90px", cell: (item) => (item.has_key ? "kept" : "none") },
  {
    key: "driver",
    header: "Adapters",
    width: "130px",
    cell: (item) => (item.driver === "vllm" ? "loaded by vLLM" : "none"),
  },
  { key: "models", header: "Models", align: "right", width: "90px", cell: (item) => item.models.length },
];

function acts(
  onEdit: (item: Provider) => void,
  onRemove: (item: Provider) => void,
  onTry: (slug: string) => void,
  trying: boolean,
): Column<Provider> {
  return {
    key: "acts",
    header: "Actions",
    hideHeader: true,
    align: "right",
    width: "230px",
    cell: (item) => (
      <Stack row gap={1}>
        <Button size="small" variant="quiet" loading={trying} onClick={() => onTry(item.slug)}>
          Test
        </Button>
        <Button size="small" variant="quiet" onClick={() => onEdit(item)}>
          Edit
        </Button>
        <Button size="small" variant="quiet" onClick={() => onRemove(item)}>
          Remove
        </Button>
      </Stack>
    ),
  };
}

function Remove({ project, item, onClose }: { project: string; item: Provider; onClose: () => void }) {
  const remove = useRemove(project, onClose);
  return (
    <ConfirmDialog
      open
      danger
      onClose={onClose}
      title={`Remove “${item.name}”?`}
      action="Remove provider"
      loading={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(item.slug)}
    >
      Its key is forgotten. Prompts that name <code>{item.slug}/…</code> fail from now on.
    </ConfirmDialog>
  );
}
