import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { client } from "@/api/client";
import { useEnvironmentNames } from "@/features/deployments/deployments";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ConfirmDialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { toast } from "@/ui/Toast";
import { type ApiKey, keysQuery } from "./keys";
import { NewKeyDialog } from "./NewKey";
import { SettingsFrame } from "./SettingsFrame";

export default function KeysPage() {
  const { project = "" } = useParams({ strict: false });
  const keys = useQuery(keysQuery(project));
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const nameOf = useEnvironmentNames(project);
  const create = (
    <Button variant="primary" icon="plus" onClick={() => setCreating(true)}>
      New key
    </Button>
  );
  return (
    <SettingsFrame
      title="API keys"
      description="A key lets a program act in this project. It is shown once, when it is made."
      actions={create}
    >
      <Card padding="none">
        {keys.isPending && <SkeletonRows rows={4} columns={4} />}
        {keys.isError && <ErrorState error={keys.error} retry={() => void keys.refetch()} />}
        {keys.data?.length === 0 && (
          <Empty icon="key" title="No keys yet" action={create}>
            Make one for an application that fetches prompts or sends logs.
          </Empty>
        )}
        {keys.data && keys.data.length > 0 && (
          <Table
            label="API keys"
            columns={columns(nameOf, setRevoking)}
            rows={keys.data}
            rowKey={(item) => String(item.id)}
          />
        )}
      </Card>
      <NewKeyDialog project={project} open={creating} onClose={() => setCreating(false)} />
      {revoking && <RevokeKey project={project} item={revoking} onClose={() => setRevoking(null)} />}
    </SettingsFrame>
  );
}

function columns(nameOf: (slug: string) => string, onRevoke: (item: ApiKey) => void): Column<ApiKey>[] {
  return [
    { key: "name", header: "Name", primary: true, cell: (item) => item.name },
    { key: "prefix", header: "Begins with", cell: (item) => <code>{item.prefix}…</code>, width: "150px" },
    { key: "scopes", header: "Scopes", cell: (item) => item.scopes.join(", "), width: "180px" },
    {
      key: "environments",
      header: "Where",
      cell: (item) => item.environments.map(nameOf).join(", ") || "everywhere",
      width: "150px",
    },
    {
      key: "state",
      header: "State",
      cell: (item) => <StateBadge state={item.state} plain />,
      width: "110px",
    },
    {
      key: "used",
      header: "Last used",
      cell: (item) => (item.last_used_at ? <Time at={item.last_used_at} /> : "never"),
      width: "120px",
    },
    {
      key: "expires",
      header: "Expires",
      cell: (item) => (item.expires_at ? <Time at={item.expires_at} /> : "never"),
      width: "120px",
    },
    { key: "by", header: "Made by", cell: (item) => item.created_by.name, width: "140px", wideOnly: true },
    {
      key: "revoke",
      header: "Revoke",
      hideHeader: true,
      align: "right",
      width: "96px",
      cell: (item) =>
        item.state === "active" ? (
          <Button size="small" variant="quiet" onClick={() => onRevoke(item)}>
            Revoke
          </Button>
        ) : null,
    },
  ];
}

function RevokeKey({ project, item, onClose }: { project: string; item: ApiKey; onClose: () => void }) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () =>
      client.DELETE("/api/v1/projects/{project}/keys/{key}", { params: { path: { project, key: item.id } } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [project, "keys"] });
      toast(`“${item.name}” is revoked`);
      onClose();
    },
  });
  return (
    <ConfirmDialog
      open
      danger
      onClose={onClose}
      title={`Revoke “${item.name}”?`}
      action="Revoke key"
      loading={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate()}
    >
      Programs that use it are refused from now on. This cannot be undone.{" "}
      {item.last_used_at ? (
        <>
          It was last used <Time at={item.last_used_at} />.
        </>
      ) : (
        "It was never used."
      )}
    </ConfirmDialog>
  );
}
