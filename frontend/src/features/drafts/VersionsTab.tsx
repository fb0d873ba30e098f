import { useQuery } from "@tanstack/react-query";
import type { Commit } from "@/features/prompts/files";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Id } from "@/ui/Id";
import { SkeletonRows } from "@/ui/Skeleton";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { type Draft, versionsQuery } from "./drafts";

const COLUMNS: Column<Commit>[] = [
  { key: "subject", header: "Change", cell: (commit) => commit.subject, primary: true },
  { key: "by", header: "By", cell: (commit) => commit.author_name, width: "180px" },
  {
    key: "sha",
    header: "Commit",
    cell: (commit) => <Id value={commit.sha} label="commit" />,
    width: "100px",
    wideOnly: true,
  },
  { key: "at", header: "When", cell: (commit) => <Time at={commit.at} />, align: "right", width: "110px" },
];

/** Every save of the draft, newest first. */
export function VersionsTab({ project, draft }: { project: string; draft: Draft }) {
  const versions = useQuery(versionsQuery(project, draft.number));
  if (versions.isPending) return <SkeletonRows columns={4} rows={3} />;
  if (versions.isError) return <ErrorState error={versions.error} retry={() => void versions.refetch()} />;
  if (versions.data.length === 0) return <Empty icon="history" title="Nothing was saved yet" />;
  return (
    <Card padding="none">
      <Table
        label="Versions"
        columns={COLUMNS}
        rows={versions.data}
        rowKey={(commit) => commit.sha}
        rowLink={(commit) => ({ to: "/p/$project/commits/$sha", params: { project, sha: commit.sha } })}
      />
    </Card>
  );
}
