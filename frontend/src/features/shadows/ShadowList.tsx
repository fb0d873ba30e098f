import { useInfiniteQuery } from "@tanstack/react-query";
import { useEnvironmentNames } from "@/features/deployments/deployments";
import { formatPercent } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Id } from "@/ui/Id";
import { LoadMore } from "@/ui/LoadMore";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { type Shadow, shadowsQuery, stateOf } from "./shadows";

const columns = (nameOf: (slug: string) => string): Column<Shadow>[] => [
  { key: "number", header: "No.", cell: (row) => `#${row.number}`, width: "64px" },
  { key: "subject", header: "Candidate", primary: true, cell: (row) => row.subject },
  { key: "commit", header: "Commit", cell: (row) => <Id value={row.commit} label="commit" />, width: "96px" },
  { key: "environment", header: "Environment", cell: (row) => nameOf(row.environment), width: "130px" },
  { key: "state", header: "State", cell: (row) => <StateBadge state={stateOf(row)} plain />, width: "130px" },
  {
    key: "pairs",
    header: "Pairs",
    align: "right",
    cell: (row) => `${row.figures?.pairs ?? 0} of ${row.pairs_wanted}`,
    width: "110px",
  },
  {
    key: "rate",
    header: "Wins",
    align: "right",
    cell: (row) => (row.figures?.rate ? formatPercent(row.figures.rate.value) : "–"),
    width: "80px",
  },
  {
    key: "at",
    header: "Started",
    cell: (row) => <Time at={row.created_at} />,
    align: "right",
    width: "100px",
  },
];

interface ShadowListProps {
  project: string;
  /** Starts one; left out for those who may not. */
  onStart?: (() => void) | undefined;
}

/** Every shadow of the project, newest first. */
export function ShadowList({ project, onStart }: ShadowListProps) {
  const nameOf = useEnvironmentNames(project);
  const shadows = useInfiniteQuery(shadowsQuery(project));
  const start = onStart && <Button onClick={onStart}>Start a shadow</Button>;
  if (shadows.isPending) return <SkeletonRows columns={6} />;
  if (shadows.isError) return <ErrorState error={shadows.error} retry={() => void shadows.refetch()} />;
  const rows = shadows.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) {
    return (
      <Card padding="none">
        <Empty icon="deploy" title="No shadows yet" action={start}>
          A shadow lets a commit answer a sample of the live requests unseen, and compares its answers with
          the ones that were given. Nobody gets the candidate's answers.
        </Empty>
      </Card>
    );
  }
  return (
    <Card
      title="Shadows"
      description="Commits that answered live requests unseen"
      padding="none"
      actions={start}
    >
      <Table
        label="Shadows"
        columns={columns(nameOf)}
        rows={rows}
        rowKey={(row) => String(row.number)}
        rowLink={(row) => ({
          to: "/p/$project/shadows/$number",
          params: { project, number: String(row.number) },
        })}
        footer={shadows.hasNextPage && <LoadMore pages={shadows} />}
      />
    </Card>
  );
}
