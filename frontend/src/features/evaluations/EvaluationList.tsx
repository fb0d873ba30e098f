import { type InfiniteData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useLive } from "@/api/live";
import { useCan } from "@/api/session";
import { formatNumber, formatPercent } from "@/lib/format";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Field, Select } from "@/ui/Field";
import { LoadMore } from "@/ui/LoadMore";
import { Num } from "@/ui/Num";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import styles from "./Evaluations.module.css";
import {
  type Evaluation,
  evaluationLink,
  evaluationsQuery,
  isOver,
  stateOf,
  subjectWords,
  withProgress,
} from "./evaluations";
import { suitesQuery } from "./suites";

interface ListProps {
  project: string;
  suite?: string | undefined;
  draft?: string | undefined;
  onRun: () => void;
}

/** Every evaluation, newest first, with its verdict; running ones move. */
export function EvaluationList({ project, suite, draft, onRun }: ListProps) {
  const pages = useInfiniteQuery(evaluationsQuery(project, { suite, draft }));
  const suites = useQuery(suitesQuery(project));
  const may = useCan(project, "editor");
  useProgress(project);
  const rows = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const narrowed = Boolean(suite ?? draft);
  const some = (suites.data?.length ?? 0) > 0;
  return (
    <>
      {(rows.length > 0 || narrowed) && <Filter project={project} suite={suite} draft={draft} />}
      <Card padding="none">
        {pages.isPending && <SkeletonRows rows={6} columns={5} />}
        {pages.isError && <ErrorState error={pages.error} retry={() => void pages.refetch()} />}
        {pages.isSuccess && rows.length === 0 && (
          <Empty
            icon="evaluation"
            title={narrowed ? "No evaluation of this" : "No evaluations yet"}
            action={
              may && !narrowed && suites.isSuccess && <Start project={project} some={some} onRun={onRun} />
            }
          >
            {some
              ? "Start one on main or on a draft. It shows better, worse or inconclusive, and the rows that flipped."
              : "First make a suite: which dataset, which prompt, which metrics, and when the check passes."}
          </Empty>
        )}
        {rows.length > 0 && (
          <Table
            label="Evaluations"
            columns={COLUMNS}
            rows={rows}
            rowKey={(row) => String(row.number)}
            rowLink={(row) => evaluationLink(project, row.number)}
            footer={pages.hasNextPage && <LoadMore pages={pages} />}
          />
        )}
      </Card>
    </>
  );
}

function Start({ project, some, onRun }: { project: string; some: boolean; onRun: () => void }) {
  return some ? (
    <Button variant="primary" icon="play" onClick={onRun}>
      Evaluate
    </Button>
  ) : (
    <ButtonLink to="/p/$project/evaluations/suites/new" params={{ project }} variant="primary" icon="plus">
      New suite
    </ButtonLink>
  );
}

function Filter({ project, suite, draft }: Omit<ListProps, "onRun">) {
  const suites = useQuery(suitesQuery(project));
  const navigate = useNavigate();
  const change = (next: Record<string, string | undefined>) =>
    void navigate({ to: ".", search: (before: object) => ({ ...before, ...next }), replace: true });
  return (
    <div className={styles.listFilters}>
      <Field label="Suite" hideLabel>
        <Select
          small
          value={suite ?? ""}
          placeholder="All suites"
          onChange={(event) => change({ suite: event.target.value || undefined })}
          options={(suites.data ?? []).map((item) => ({ value: item.slug, label: item.name }))}
        />
      </Field>
      {draft !== undefined && (
        <Button size="small" icon="close" onClick={() => change({ draft: undefined })}>
          draft #{draft}
        </Button>
      )}
    </div>
  );
}

/** Live progress of jobs, written in the lists that are in the cache. */
function useProgress(project: string): void {
  const queries = useQueryClient();
  useLive(project, (message) => {
    if (!message.kind.startsWith("job.")) return;
    queries.setQueriesData<InfiniteData<{ items: Evaluation[]; next: string | null }>>(
      { queryKey: [project, "evaluations", "list"] },
      (shown) =>
        shown && {
          ...shown,
          pages: shown.pages.map((page) => ({
            ...page,
            items: page.items.map((item) => withProgress(item, message)),
          })),
        },
    );
  });
}

function Standing({ row }: { row: Evaluation }) {
  if (row.state === "running" || row.state === "queued") {
    return (
      <StateBadge state={row.state} plain>
        {row.state === "running" ? `${formatNumber(row.done)} of ${formatNumber(row.row_count)}` : "queued"}
      </StateBadge>
    );
  }
  return <StateBadge state={stateOf(row)} plain />;
}

function FirstFigure({ row }: { row: Evaluation }) {
  const metric = row.metrics[0];
  const figure = metric && row.figures[metric.slug];
  if (!metric || !figure) return <span className={styles.quiet}>–</span>;
  return (
    <>
      <Num value={figure.value} format={formatPercent} n={figure.n} interval={[figure.low, figure.high]} />{" "}
      <span className={styles.quiet}>{metric.name}</span>
    </>
  );
}

const COLUMNS: Column<Evaluation>[] = [
  { key: "number", header: "#", align: "right", width: "72px", cell: (row) => `#${row.number}` },
  { key: "suite", header: "Suite", primary: true, cell: (row) => row.suite_name },
  { key: "on", header: "On", width: "150px", cell: subjectWords },
  { key: "state", header: "Check", width: "140px", cell: (row) => <Standing row={row} /> },
  {
    key: "direction",
    header: "Against main",
    width: "140px",
    cell: (row) => (row.direction ? <StateBadge state={row.direction} plain /> : isOver(row) ? "–" : ""),
  },
  { key: "figure", header: "First metric", width: "220px", cell: (row) => <FirstFigure row={row} /> },
  {
    key: "data",
    header: "Data",
    width: "200px",
    wideOnly: true,
    cell: (row) => `${row.dataset} v${row.dataset_version}, ${formatNumber(row.row_count)} rows`,
  },
  { key: "at", header: "Started", width: "120px", cell: (row) => <Time at={row.created_at} /> },
];
