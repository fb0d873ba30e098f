import { useQuery } from "@tanstack/react-query";
import { cx } from "@/lib/cx";
import { Badge } from "@/ui/Badge";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonRows } from "@/ui/Skeleton";
import { type Column, Table } from "@/ui/Table";
import styles from "./Evaluations.module.css";
import { type Metric, metricsQuery } from "./suites";

/** The metrics that a project may use: its own, then those that are built in. */
export function MetricList({ project }: { project: string }) {
  const metrics = useQuery(metricsQuery(project));
  return (
    <Card padding="none">
      {metrics.isPending && <SkeletonRows rows={7} columns={4} />}
      {metrics.isError && <ErrorState error={metrics.error} retry={() => void metrics.refetch()} />}
      {metrics.data && (
        <Table
          label="Metrics"
          columns={COLUMNS}
          rows={metrics.data}
          rowKey={(metric) => metric.slug}
          rowLink={(metric) => ({
            to: "/p/$project/evaluations/metrics/$metric",
            params: { project, metric: metric.slug },
          })}
        />
      )}
    </Card>
  );
}

const COLUMNS: Column<Metric>[] = [
  { key: "name", header: "Name", primary: true, width: "200px", cell: (metric) => metric.name },
  {
    key: "about",
    header: "What it says",
    cell: (metric) => <span className={cx(styles.one, styles.wideText)}>{metric.description}</span>,
  },
  {
    key: "kind",
    header: "Judged by",
    width: "140px",
    cell: (metric) => (metric.kind === "judge" ? "a model" : "code"),
  },
  {
    key: "answers",
    header: "Answers",
    width: "120px",
    wideOnly: true,
    cell: (metric) => (metric.binary ? "right or wrong" : "0 to 1"),
  },
  {
    key: "version",
    header: "Version",
    align: "right",
    width: "90px",
    cell: (metric) => `v${metric.version}`,
  },
  {
    key: "origin",
    header: "Origin",
    width: "110px",
    cell: (metric) => (metric.built_in ? <Badge>built in</Badge> : "this project"),
  },
];
