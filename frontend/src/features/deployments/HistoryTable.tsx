import { useInfiniteQuery } from "@tanstack/react-query";
import { CommitTags } from "@/features/tags/TagBadges";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Id } from "@/ui/Id";
import { LoadMore } from "@/ui/LoadMore";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import styles from "./Deployments.module.css";
import { type Deployment, deploymentsQuery, overrideInWords, useEnvironmentNames } from "./deployments";
import { EnvironmentName } from "./EnvironmentCard";

const columns = (project: string, nameOf: (slug: string) => string): Column<Deployment>[] => [
  { key: "number", header: "No.", cell: (row) => `#${row.number}`, width: "64px" },
  {
    key: "environment",
    header: "Environment",
    cell: (row) => <EnvironmentName environment={{ slug: row.environment, name: nameOf(row.environment) }} />,
    width: "140px",
  },
  {
    key: "subject",
    header: "What",
    primary: true,
    cell: (row) => (
      <>
        {row.restores ? `Back to #${row.restores}: ${row.subject}` : row.subject}
        {row.override && <span className={styles.overridden}>{overrideInWords(row.override)}</span>}
      </>
    ),
  },
  {
    key: "tags",
    header: "Tags",
    hideHeader: true,
    cell: (row) => <CommitTags project={project} commit={row.commit} />,
    width: "120px",
  },
  { key: "commit", header: "Commit", cell: (row) => <Id value={row.commit} label="commit" />, width: "96px" },
  { key: "by", header: "By", cell: (row) => row.actor_name, width: "160px" },
  { key: "at", header: "When", cell: (row) => <Time at={row.created_at} />, align: "right", width: "100px" },
  {
    key: "until",
    header: "Until",
    cell: (row) => (row.until ? <Time at={row.until} /> : <StateBadge state="live" plain />),
    align: "right",
    width: "100px",
  },
];

/** Every deployment in the order of time. */
export function HistoryTable({ project }: { project: string }) {
  const nameOf = useEnvironmentNames(project);
  const deployments = useInfiniteQuery(deploymentsQuery(project));
  if (deployments.isPending) return <SkeletonRows columns={6} />;
  if (deployments.isError) {
    return <ErrorState error={deployments.error} retry={() => void deployments.refetch()} />;
  }
  const rows = deployments.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) {
    return (
      <Empty icon="deploy" title="No deployments yet">
        A deployment makes one commit of main live in an environment. Every one stays here, with who made it
        and why.
      </Empty>
    );
  }
  return (
    <Table
      label="Deployments"
      columns={columns(project, nameOf)}
      rows={rows}
      rowKey={(row) => String(row.number)}
      rowLink={(row) => ({
        to: "/p/$project/deployments/$number",
        params: { project, number: String(row.number) },
      })}
      footer={deployments.hasNextPage && <LoadMore pages={deployments} />}
    />
  );
}
