import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useCan } from "@/api/session";
import { Badge } from "@/ui/Badge";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ConfirmDialog } from "@/ui/Dialog";
import { Page, Stack } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { SkeletonPage } from "@/ui/Skeleton";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { toast } from "@/ui/Toast";
import styles from "./Evaluations.module.css";
import { MetricForm } from "./MetricForm";
import { functionsQuery, type Metric, metricVersionsQuery, useArchiveMetric } from "./suites";

const HOME = "/p/$project/evaluations";

export default function MetricPage() {
  const { project = "", metric } = useParams({ strict: false });
  const { from } = useSearch({ strict: false });
  const slug = metric ?? from;
  const versions = useQuery({ ...metricVersionsQuery(project, slug ?? ""), enabled: slug !== undefined });
  const functions = useQuery(functionsQuery(project));
  const navigate = useNavigate();
  if (functions.isPending || (slug !== undefined && versions.isPending)) return <SkeletonPage />;
  if (functions.isError) return <PageError error={functions.error} retry={() => void functions.refetch()} />;
  if (versions.isError) return <PageError error={versions.error} retry={() => void versions.refetch()} />;
  const newest = versions.data?.[0];
  const before = metric === undefined ? undefined : newest;
  return (
    <Page
      title={before?.name ?? "New metric"}
      badge={before?.built_in && <Badge>built in</Badge>}
      description={
        before?.description ?? "A named way to judge one output: by code, or by a model that is asked."
      }
      breadcrumb={[{ label: "Metrics", to: HOME, params: { project } }]}
      actions={before && <Actions project={project} metric={before} />}
    >
      <Stack>
        <MetricForm
          key={before?.version ?? 0}
          project={project}
          before={before}
          copied={metric === undefined ? newest : undefined}
          functions={functions.data}
          onSaved={(saved) => {
            toast(before && saved.version !== before.version ? `Saved as version ${saved.version}` : "Saved");
            void navigate({
              to: "/p/$project/evaluations/metrics/$metric",
              params: { project, metric: saved.slug },
            });
          }}
        />
        {before && (versions.data?.length ?? 0) > 1 && (
          <Card title="Versions" description="Scores of different versions are never mixed." padding="none">
            <Table
              label="Versions"
              columns={COLUMNS}
              rows={versions.data ?? []}
              rowKey={(item) => String(item.version)}
              listKeys={false}
            />
          </Card>
        )}
      </Stack>
    </Page>
  );
}

function Actions({ project, metric }: { project: string; metric: Metric }) {
  const [asking, setAsking] = useState(false);
  const may = useCan(project, "editor");
  const navigate = useNavigate();
  const archive = useArchiveMetric(project, () => {
    toast("Metric archived");
    void navigate({ to: HOME, params: { project }, search: { tab: "metrics" } });
  });
  if (!may) return null;
  return (
    <>
      {!metric.built_in && !metric.archived_at && (
        <Button variant="quiet" icon="trash" onClick={() => setAsking(true)}>
          Archive
        </Button>
      )}
      <ButtonLink
        to="/p/$project/evaluations/metrics/new"
        params={{ project }}
        search={{ from: metric.slug }}
        icon="copy"
      >
        Make a copy
      </ButtonLink>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => archive.mutate(metric.slug)}
        title={`Archive ${metric.name}?`}
        action="Archive metric"
        danger
        loading={archive.isPending}
        error={archive.error}
      >
        Suites can no longer use it; its scores stay.
      </ConfirmDialog>
    </>
  );
}

const COLUMNS: Column<Metric>[] = [
  { key: "version", header: "Version", primary: true, width: "100px", cell: (item) => `v${item.version}` },
  {
    key: "config",
    header: "Settings",
    cell: (item) => <span className={styles.mono}>{JSON.stringify(item.config)}</span>,
  },
  { key: "by", header: "By", width: "180px", cell: (item) => item.actor_name },
  { key: "at", header: "Made", width: "140px", cell: (item) => <Time at={item.created_at} /> },
];
