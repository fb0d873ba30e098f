import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useLive } from "@/api/live";
import { formatCost, formatDuration } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Chart } from "@/ui/Chart";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Num } from "@/ui/Num";
import { Page } from "@/ui/Page";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import type { Column } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { VirtualTable } from "@/ui/VirtualTable";
import { CollectDialog } from "./CollectDialog";
import { FilterBar } from "./FilterBar";
import { apiFilter, chipsOf, type LogSearch, readSearch } from "./filters";
import { LogPanel } from "./LogPanel";
import styles from "./Logs.module.css";
import { bars, histogramQuery, type Log, logsQuery } from "./logs";

export default function LogsPage() {
  const { project = "" } = useParams({ strict: false });
  const search = readSearch(useSearch({ strict: false }));
  const navigate = useNavigate();
  const [live, setLive] = useState(false);
  const [collecting, setCollecting] = useState(false);
  const change = (next: LogSearch) => void navigate({ to: ".", search: () => ({ ...next }), replace: true });
  useTail(project, live);
  const { log: _open, ...narrowed } = search;
  const question = JSON.stringify(narrowed);
  const filter = useMemo(() => apiFilter(JSON.parse(question) as LogSearch), [question]);
  return (
    <Page
      title="Logs"
      description="Every production model call: what went in, what came out, how long it took, what it cost."
      actions={
        <Button icon="dataset" onClick={() => setCollecting(true)}>
          Add to a dataset
        </Button>
      }
      width="full"
    >
      <FilterBar project={project} search={search} onChange={change} live={live} onLive={setLive} />
      <TimeBars
        project={project}
        filter={filter}
        onRange={(from, to) => change({ ...search, from: iso(from), to: iso(to) })}
      />
      <List
        project={project}
        filter={filter}
        search={search}
        live={live}
        onOpen={(log) => change({ ...search, log: log.id })}
        onClear={() => change({})}
      />
      {search.log && (
        <LogPanel
          project={project}
          log={search.log}
          onClose={() => {
            const { log: _, ...rest } = search;
            change(rest);
          }}
        />
      )}
      {collecting && <CollectDialog project={project} search={search} onClose={() => setCollecting(false)} />}
    </Page>
  );
}

const iso = (seconds: number) => new Date(Math.round(seconds) * 1000).toISOString();

/** While it is on, new logs freshen the list and the bars. */
function useTail(project: string, live: boolean): void {
  const queries = useQueryClient();
  useLive(project, (message) => {
    if (live && message.kind === "logs.ingested")
      void queries.invalidateQueries({ queryKey: [project, "logs"] });
  });
}

interface TimeBarsProps {
  project: string;
  filter: Record<string, string>;
  onRange: (from: number, to: number) => void;
}

function TimeBars({ project, filter, onRange }: TimeBarsProps) {
  const found = useQuery({ ...histogramQuery(project, filter), placeholderData: keepPreviousData });
  const shown = bars(found.data ?? { step: 60, items: [] }, filter);
  return (
    <Card>
      <Chart
        label="Requests over time"
        x={shown.x}
        kind="bars"
        height={96}
        series={[
          { key: "ok", label: "ok", values: shown.ok, color: "var(--series-1)" },
          { key: "errors", label: "errors", values: shown.errors, color: "var(--bad-solid)" },
        ]}
        onRange={onRange}
      />
    </Card>
  );
}

interface ListProps {
  project: string;
  filter: Record<string, string>;
  search: LogSearch;
  live: boolean;
  onOpen: (log: Log) => void;
  onClear: () => void;
}

function List({ project, filter, search, live, onOpen, onClear }: ListProps) {
  const pages = useInfiniteQuery({ ...logsQuery(project, filter), placeholderData: keepPreviousData });
  const rows = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const narrowed = chipsOf(search).length > 0 || search.from !== undefined;
  return (
    <Card padding="none">
      {pages.isPending && <SkeletonRows rows={12} columns={6} />}
      {pages.isError && <ErrorState error={pages.error} retry={() => void pages.refetch()} />}
      {pages.isSuccess && rows.length === 0 && (narrowed || search.range !== "") && (
        <Empty icon="search" title="No log matches" action={<Button onClick={onClear}>Clear filters</Button>}>
          Nothing in this range matches. Choose a longer range or fewer filters.
        </Empty>
      )}
      {pages.isSuccess && rows.length === 0 && !narrowed && search.range === "" && (
        <Empty icon="log" title="No logs yet">
          An application sends them with the SDK: <code>client.log(prompt=…, input=…, output=…)</code>.
        </Empty>
      )}
      {rows.length > 0 && (
        <VirtualTable
          fixed
          label="Logs"
          columns={COLUMNS}
          rows={rows}
          rowKey={(row) => row.id}
          onOpen={onOpen}
          selected={search.log ?? null}
          height="calc(100dvh - 240px)"
          onEnd={() => {
            if (!live && pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
          }}
          footer={
            <p className={styles.total} aria-live="polite">
              {live ? "Live: the newest logs appear by themselves." : `${rows.length} shown`}
              {pages.hasNextPage && !live && ", more as you scroll"}
            </p>
          }
        />
      )}
    </Card>
  );
}

const COLUMNS: Column<Log>[] = [
  { key: "at", header: "Time", width: "100px", cell: (log) => <Time at={log.started_at} /> },
  { key: "status", header: "Status", width: "84px", cell: (log) => <Status log={log} /> },
  {
    key: "asked",
    header: "Asked",
    primary: true,
    cell: (log) => <span className={styles.one}>{log.asked || "–"}</span>,
  },
  {
    key: "answered",
    header: "Answered",
    cell: (log) => <span className={`${styles.one} ${styles.answer}`}>{log.answered || "–"}</span>,
  },
  { key: "prompt", header: "Prompt", width: "110px", cell: (log) => log.prompt || "–" },
  {
    key: "where",
    header: "Environment",
    width: "116px",
    largeOnly: true,
    cell: (log) => log.environment,
  },
  {
    key: "commit",
    header: "Commit",
    width: "92px",
    wideOnly: true,
    cell: (log) => <code>{log.commit.slice(0, 8)}</code>,
  },
  { key: "scores", header: "Scores", align: "right", width: "100px", cell: (log) => <Scores log={log} /> },
  {
    key: "latency",
    header: "Latency",
    align: "right",
    width: "92px",
    cell: (log) => <Num value={log.latency_ms} format={formatDuration} />,
  },
  {
    key: "cost",
    header: "Cost",
    align: "right",
    width: "80px",
    largeOnly: true,
    cell: (log) => <Num value={log.cost} format={formatCost} />,
  },
];

function Status({ log }: { log: Log }) {
  return (
    <StateBadge state={log.status === "error" ? "failed" : "ok"} plain>
      {log.status}
    </StateBadge>
  );
}

function Scores({ log }: { log: Log }) {
  return (
    <span className={styles.scores}>
      {log.scores.slice(0, 2).map((score) => (
        <span key={score.metric + score.author} title={score.name}>
          {score.value === null ? "–" : score.value.toFixed(2)}
        </span>
      ))}
    </span>
  );
}
