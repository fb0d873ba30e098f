import { useQuery } from "@tanstack/react-query";
import { useCan } from "@/api/session";
import { Badge } from "@/ui/Badge";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import { stateOf } from "./evaluations";
import { type Suite, suitesQuery } from "./suites";

/** The suites of a project, with how the newest evaluation of each came out. */
export function SuiteList({ project }: { project: string }) {
  const suites = useQuery(suitesQuery(project));
  const may = useCan(project, "editor");
  return (
    <Card padding="none">
      {suites.isPending && <SkeletonRows rows={4} columns={4} />}
      {suites.isError && <ErrorState error={suites.error} retry={() => void suites.refetch()} />}
      {suites.data?.length === 0 && (
        <Empty
          icon="evaluation"
          title="No suites yet"
          action={
            may && (
              <ButtonLink
                to="/p/$project/evaluations/suites/new"
                params={{ project }}
                variant="primary"
                icon="plus"
              >
                New suite
              </ButtonLink>
            )
          }
        >
          A suite ties a dataset, a prompt and metrics together, and says when its check passes.
        </Empty>
      )}
      {suites.data && suites.data.length > 0 && (
        <Table
          label="Suites"
          columns={COLUMNS}
          rows={suites.data}
          rowKey={(suite) => suite.slug}
          rowLink={(suite) => ({
            to: "/p/$project/evaluations/suites/$suite",
            params: { project, suite: suite.slug },
          })}
        />
      )}
    </Card>
  );
}

const COLUMNS: Column<Suite>[] = [
  { key: "name", header: "Name", primary: true, cell: (suite) => suite.name },
  { key: "prompt", header: "Prompt", cell: (suite) => suite.prompt_path },
  {
    key: "data",
    header: "Data",
    width: "220px",
    cell: (suite) => `${suite.dataset} ${suite.pinned === null ? "(newest version)" : `v${suite.pinned}`}`,
  },
  { key: "metrics", header: "Metrics", wideOnly: true, cell: (suite) => suite.metrics.join(", ") },
  {
    key: "required",
    header: "Guards merges",
    width: "130px",
    cell: (suite) => suite.required && <Badge tone="accent">required</Badge>,
  },
  {
    key: "newest",
    header: "Newest evaluation",
    width: "160px",
    cell: (suite) => (suite.newest ? <StateBadge state={stateOf(suite.newest)} plain /> : "none yet"),
  },
];
