import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { TagBadges } from "@/features/tags/TagBadges";
import { useTagNames } from "@/features/tags/tags";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Id } from "@/ui/Id";
import { LoadMore } from "@/ui/LoadMore";
import { SkeletonRows } from "@/ui/Skeleton";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { type Commit, commitsQuery } from "./files";

interface HistoryProps {
  project: string;
  refName: string;
  /** Only commits that changed this file. */
  path?: string;
}

/** Commits, newest first. */
export function History({ project, refName, path }: HistoryProps) {
  const commits = useInfiniteQuery(commitsQuery(project, refName, path));
  const namesOf = useTagNames(project);
  if (commits.isPending) return <SkeletonRows columns={4} />;
  if (commits.isError) return <ErrorState error={commits.error} retry={() => void commits.refetch()} />;
  const rows = commits.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) return <Empty icon="history" title="Nothing has changed yet" />;
  return (
    <Card padding="none">
      <Table
        label="History"
        columns={columns(project, path, namesOf)}
        rows={rows}
        rowKey={(commit) => commit.sha}
        rowLink={(commit) => ({ to: "/p/$project/commits/$sha", params: { project, sha: commit.sha } })}
        footer={commits.hasNextPage && <LoadMore pages={commits} />}
      />
    </Card>
  );
}

function columns(
  project: string,
  path: string | undefined,
  namesOf: (sha: string) => string[],
): Column<Commit>[] {
  return [
    { key: "subject", header: "Change", cell: (commit) => commit.subject, primary: true },
    {
      key: "tags",
      header: "Tags",
      hideHeader: true,
      width: "140px",
      cell: (commit) => <TagBadges project={project} names={namesOf(commit.sha)} />,
    },
    { key: "by", header: "By", cell: (commit) => commit.author_name, width: "180px" },
    {
      key: "sha",
      header: "Commit",
      cell: (commit) => <Id value={commit.sha} label="commit" />,
      width: "100px",
      wideOnly: true,
    },
    ...(path
      ? [
          {
            key: "look",
            header: "As it was",
            hideHeader: true,
            width: "150px",
            wideOnly: true,
            cell: (commit: Commit) => (
              <Link to="/p/$project/files/$" params={{ project, _splat: path }} search={{ ref: commit.sha }}>
                See it as it was
              </Link>
            ),
          },
        ]
      : []),
    { key: "at", header: "When", cell: (commit) => <Time at={commit.at} />, align: "right", width: "110px" },
  ];
}
