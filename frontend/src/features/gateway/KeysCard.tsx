import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { useCan } from "@/api/session";
import { useEnvironmentNames } from "@/features/deployments/deployments";
import { formatCompact, formatCost } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Dialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Field, Form, TextInput } from "@/ui/Field";
import { Grid } from "@/ui/Page";
import { SkeletonRows } from "@/ui/Skeleton";
import { type Column, Table } from "@/ui/Table";
import { type GatewayKey, gatewayKeysQuery, LIMITS, type LimitName, limitWords, useLimit } from "./gateway";

/** Who may call, what they may use, what they used. */
export function KeysCard({ project }: { project: string }) {
  const keys = useQuery(gatewayKeysQuery(project));
  const owner = useCan(project, "owner");
  const nameOf = useEnvironmentNames(project);
  const [limiting, setLimiting] = useState<GatewayKey | null>(null);
  return (
    <Card
      title="Keys and what they may use"
      description="Days and months are those of the calendar, in UTC. A call counts with what it may use until it has ended."
      padding="none"
    >
      {keys.isPending && <SkeletonRows rows={2} columns={4} />}
      {keys.isError && <ErrorState error={keys.error} retry={() => void keys.refetch()} />}
      {keys.data?.length === 0 && (
        <Empty icon="key" title="No key opens the gateway yet">
          An owner makes one under API keys, with the scope Gateway.
        </Empty>
      )}
      {keys.data && keys.data.length > 0 && (
        <Table
          label="Keys of the gateway"
          columns={[...columns(nameOf), ...(owner ? [act(setLimiting)] : [])]}
          rows={keys.data}
          rowKey={(item) => String(item.id)}
          listKeys={false}
        />
      )}
      {limiting && <Limit project={project} item={limiting} onClose={() => setLimiting(null)} />}
    </Card>
  );
}

function columns(nameOf: (slug: string) => string): Column<GatewayKey>[] {
  return [
    { key: "name", header: "Name", primary: true, cell: (item) => item.name },
    {
      key: "where",
      header: "Where",
      width: "150px",
      cell: (item) => item.environments.map(nameOf).join(", ") || "everywhere",
    },
    { key: "limits", header: "Limits", cell: (item) => limitWords(item.limits) },
    { key: "today", header: "Today", align: "right", width: "200px", cell: (item) => used(item.used.day) },
    {
      key: "month",
      header: "This month",
      align: "right",
      width: "200px",
      cell: (item) => used(item.used.month),
    },
  ];
}

function used({ requests = 0, tokens = 0, cost = "0" }: GatewayKey["used"]["day"]): string {
  if (!requests) return "–";
  return `${formatCompact(requests)} calls, ${formatCompact(tokens)} tokens, ${formatCost(Number(cost))}`;
}

function act(onLimit: (item: GatewayKey) => void): Column<GatewayKey> {
  return {
    key: "act",
    header: "Limits",
    hideHeader: true,
    align: "right",
    width: "120px",
    cell: (item) => (
      <Button size="small" variant="quiet" aria-label={`Limit ${item.name}`} onClick={() => onLimit(item)}>
        Set limits
      </Button>
    ),
  };
}

function Limit({ project, item, onClose }: { project: string; item: GatewayKey; onClose: () => void }) {
  const [filled, setFilled] = useState<Record<LimitName, string>>(() => written(item));
  const save = useLimit(project, item.id, onClose);
  const problem = save.error ? toProblem(save.error) : undefined;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Limits of “${item.name}”`}
      description="An empty field is no limit."
    >
      <Form
        onSubmit={() => save.mutate(read(filled))}
        actions={
          <Button variant="primary" type="submit" loading={save.isPending}>
            Save limits
          </Button>
        }
      >
        <Grid min={180}>
          {LIMITS.map(({ name, label }) => (
            <Field key={name} label={label} optional error={problem?.field(name)}>
              <TextInput
                inputMode="decimal"
                value={filled[name]}
                onChange={(event) => setFilled({ ...filled, [name]: event.target.value })}
              />
            </Field>
          ))}
        </Grid>
        <FormError error={save.error} />
      </Form>
    </Dialog>
  );
}

function written(item: GatewayKey): Record<LimitName, string> {
  const found = LIMITS.map(({ name }) => {
    const value = item.limits[name];
    return [name, value === null || value === undefined ? "" : String(Number(value))];
  });
  return Object.fromEntries(found) as Record<LimitName, string>;
}

function read(filled: Record<LimitName, string>) {
  const number = (name: LimitName) => (filled[name].trim() ? Number(filled[name].trim()) : null);
  const text = (name: LimitName) => filled[name].trim() || null;
  return {
    requests_per_minute: number("requests_per_minute"),
    tokens_per_minute: number("tokens_per_minute"),
    tokens_per_day: number("tokens_per_day"),
    tokens_per_month: number("tokens_per_month"),
    dollars_per_day: text("dollars_per_day"),
    dollars_per_month: text("dollars_per_month"),
  };
}
