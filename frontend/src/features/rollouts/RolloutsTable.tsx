import { useQuery } from "@tanstack/react-query";
import { EnvironmentName } from "@/features/deployments/EnvironmentCard";
import { formatNumber } from "@/lib/format";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Id } from "@/ui/Id";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { type Rollout, rolloutsQuery, shareInWords, stateInWords } from "./rollouts";

const COLUMNS: Column<Rollout>[] = [
  { key: "number", header: "No.", cell: (row) => `#${row.number}`, width: "64px" },
  {
    key: "environment",
    header: "Environment",
    cell: (row) => <EnvironmentName environment={{ slug: row.environment, name: row.environment_name }} />,
    width: "140px",
  },
  { key: "subject", header: "Candidate", primary: true, cell: (row) => row.subject },
  { key: "commit", header: "Commit", cell: (row) => <Id value={row.commit} label="commit" />, width: "96px" },
  {
    key: "state",
    header: "State",
    cell: (row) => <StateBadge state={row.state}>{stateInWords(row.state)}</StateBadge>,
    width: "190px",
  },
  {
    key: "step",
    header: "Got as far as",
    cell: (row) => {
      const step = row.steps[row.step];
      return step ? shareInWords(step) : "";
    },
    width: "170px",
  },
  {
    key: "exposed",
    header: "Requests with it",
    cell: (row) => formatNumber(row.exposed),
    align: "right",
    width: "130px",
    wideOnly: true,
  },
  { key: "by", header: "By", cell: (row) => row.actor_name, width: "140px", largeOnly: true },
  { key: "at", header: "Began", cell: (row) => <Time at={row.created_at} />, align: "right", width: "100px" },
];

/** Every rollout, newest first. */
export function RolloutsTable({ project }: { project: string }) {
  const rollouts = useQuery(rolloutsQuery(project));
  if (rollouts.isPending) return <SkeletonRows columns={6} />;
  if (rollouts.isError) return <ErrorState error={rollouts.error} retry={() => void rollouts.refetch()} />;
  if (rollouts.data.length === 0) {
    return (
      <Empty icon="deploy" title="No rollouts yet">
        A rollout gives a commit to a small share of the callers first, then to more and more, and takes it
        back when a guard sees harm.
      </Empty>
    );
  }
  return (
    <Table
      label="Rollouts"
      columns={COLUMNS}
      rows={rollouts.data}
      rowKey={(row) => String(row.number)}
      rowLink={(row) => ({
        to: "/p/$project/rollouts/$number",
        params: { project, number: String(row.number) },
      })}
    />
  );
}
