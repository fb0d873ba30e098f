import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, take } from "@/api/client";
import { formatCost, formatPercent, plural } from "@/lib/format";
import { Button, IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ConfirmDialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import { toast, toastProblem } from "@/ui/Toast";
import { metricsQuery, rulesQuery, type SamplingRule } from "./quality";
import { RuleDialog } from "./RuleDialog";

/** Which share of the logs is scored, and by what. */
export function SamplingCard({ project }: { project: string }) {
  const rules = useQuery(rulesQuery(project));
  const [edited, setEdited] = useState<SamplingRule | "new" | null>(null);
  const [leaving, setLeaving] = useState<SamplingRule | null>(null);
  const nameOf = useMetricName(project);
  const add = <Button onClick={() => setEdited("new")}>Add a rule</Button>;
  return (
    <Card
      padding="none"
      title="Scored as it comes"
      description="Each rule scores a share of the new logs by one metric."
      actions={rules.data && rules.data.length > 0 ? add : undefined}
    >
      {rules.isPending && <SkeletonRows rows={2} columns={5} />}
      {rules.isError && <ErrorState error={rules.error} retry={() => void rules.refetch()} />}
      {rules.data?.length === 0 && (
        <Empty icon="quality" title="No log is scored yet" action={add}>
          A rule names a metric and a share, as in: a tenth of production by a judge.
        </Empty>
      )}
      {rules.data && rules.data.length > 0 && (
        <Table
          label="Sampling rules"
          columns={columns(nameOf, setEdited, setLeaving)}
          rows={rules.data}
          rowKey={(rule) => String(rule.id)}
          listKeys={false}
        />
      )}
      {edited && (
        <RuleDialog
          project={project}
          rule={edited === "new" ? null : edited}
          onClose={() => setEdited(null)}
        />
      )}
      {leaving && (
        <Removal project={project} rule={leaving} name={nameOf(leaving)} onClose={() => setLeaving(null)} />
      )}
    </Card>
  );
}

function columns(
  nameOf: (rule: SamplingRule) => string,
  edit: (rule: SamplingRule) => void,
  remove: (rule: SamplingRule) => void,
): Column<SamplingRule>[] {
  return [
    { key: "metric", header: "Metric", primary: true, cell: (rule) => nameOf(rule) },
    { key: "scope", header: "Of", cell: scopeOf },
    { key: "rate", header: "Share", align: "right", width: "90px", cell: (rule) => formatPercent(rule.rate) },
    { key: "state", header: "State", width: "150px", cell: (rule) => <RuleState rule={rule} /> },
    { key: "waiting", header: "Waiting", align: "right", width: "90px", cell: (rule) => rule.waiting },
    { key: "spent", header: "This month", align: "right", width: "150px", cell: spending },
    {
      key: "acts",
      header: "Actions",
      hideHeader: true,
      align: "right",
      width: "90px",
      cell: (rule) => (
        <>
          <IconButton
            icon="edit"
            size="small"
            label={`Change the rule for ${nameOf(rule)}`}
            onClick={() => edit(rule)}
          />
          <IconButton
            icon="close"
            size="small"
            label={`Remove the rule for ${nameOf(rule)}`}
            onClick={() => remove(rule)}
          />
        </>
      ),
    },
  ];
}

/** What the metric of a rule is called; its short name while the metrics are not there. */
function useMetricName(project: string): (rule: SamplingRule) => string {
  const metrics = useQuery(metricsQuery(project)).data;
  return (rule) => metrics?.find((item) => item.slug === rule.metric)?.name ?? rule.metric;
}

function scopeOf(rule: SamplingRule): string {
  return [rule.prompt || "every prompt", rule.environment || "every environment"].join(" in ");
}

function spending(rule: SamplingRule): string {
  const cap = rule.monthly_cap === null ? "" : ` of ${formatCost(rule.monthly_cap)}`;
  return formatCost(rule.spent) + cap;
}

function RuleState({ rule }: { rule: SamplingRule }) {
  if (!rule.enabled) return <StateBadge state="closed">off</StateBadge>;
  if (!rule.capped) return <StateBadge state="ok">on</StateBadge>;
  return <StateBadge state="expired">{`spent, ${plural(rule.skipped, "log")} skipped`}</StateBadge>;
}

interface RemovalProps {
  project: string;
  rule: SamplingRule;
  name: string;
  onClose: () => void;
}

function Removal({ project, rule, name, onClose }: RemovalProps) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () =>
      take(
        client.DELETE("/api/v1/projects/{project}/sampling-rules/{rule}", {
          params: { path: { project, rule: rule.id } },
        }),
      ),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: [project, "sampling_rules"] });
      toast("Rule removed");
      onClose();
    },
    onError: toastProblem,
  });
  return (
    <ConfirmDialog
      open
      danger
      title={`Remove the rule for ${name}?`}
      action="Remove rule"
      loading={remove.isPending}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      {`New logs of ${scopeOf(rule)} are no longer scored by it. The scores it gave stay.`}
    </ConfirmDialog>
  );
}
