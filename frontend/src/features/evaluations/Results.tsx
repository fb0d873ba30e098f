import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { cx } from "@/lib/cx";
import { formatNumber } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Field, Select, TextInput } from "@/ui/Field";
import { SkeletonRows } from "@/ui/Skeleton";
import type { Column } from "@/ui/Table";
import { VirtualTable } from "@/ui/VirtualTable";
import styles from "./Evaluations.module.css";
import {
  type EvaluationDetail,
  inputText,
  isOver,
  type Result,
  type ResultFilter,
  resultsQuery,
  type Show,
} from "./evaluations";
import { RowDialog } from "./RowDialog";
import { ScoreMark } from "./ScoreMark";

const WORDS: Record<Show, string> = {
  all: "All rows",
  lost: "Got worse",
  gained: "Got better",
  changed: "Moved",
  wrong: "Wrong",
  errors: "No output",
  failed: "Failed scores",
};

/** The rows of an evaluation: those that flipped first, then whatever one asks for. */
export function Results({ project, evaluation }: { project: string; evaluation: EvaluationDetail }) {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = (next: Record<string, string | undefined>) =>
    void navigate({ to: ".", search: (before: object) => ({ ...before, ...next }), replace: true });
  const filter = filterOf(search, evaluation);
  const pages = useInfiniteQuery({
    ...resultsQuery(project, evaluation.number, filter),
    refetchInterval: isOver(evaluation) ? false : 2_000,
  });
  const rows = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const total = pages.data?.pages[0]?.total ?? 0;
  const clear = () =>
    change({ show: "all", metric: undefined, q: undefined, label: undefined, row: undefined });
  return (
    <Card title="Rows" padding="none">
      <Filters
        evaluation={evaluation}
        filter={filter}
        total={pages.isSuccess ? total : null}
        onChange={change}
      />
      {pages.isPending && <SkeletonRows rows={8} columns={4} />}
      {pages.isError && <ErrorState error={pages.error} retry={() => void pages.refetch()} />}
      {pages.isSuccess && rows.length === 0 && (
        <Empty
          icon="search"
          title={emptyWords(filter, evaluation)}
          action={<Button onClick={clear}>Show all rows</Button>}
        />
      )}
      {rows.length > 0 && (
        <VirtualTable
          label="Rows"
          columns={columnsOf(evaluation, rows)}
          rows={rows}
          rowKey={(row) => String(row.index)}
          onOpen={(row) => change({ row: String(row.index) })}
          selected={search.row ?? null}
          height="min(70dvh, 720px)"
          onEnd={() => {
            if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
          }}
        />
      )}
      <RowDialog
        project={project}
        evaluation={evaluation}
        index={search.row === undefined ? null : Number(search.row)}
        around={rows.map((row) => row.index)}
        onGo={(row) => change({ row: row === null ? undefined : String(row) })}
      />
    </Card>
  );
}

interface FiltersProps {
  evaluation: EvaluationDetail;
  filter: ResultFilter;
  total: number | null;
  onChange: (next: Record<string, string | undefined>) => void;
}

function Filters({ evaluation, filter, total, onChange }: FiltersProps) {
  const shows = showsOf(evaluation);
  return (
    <div className={styles.filters}>
      <fieldset className={styles.chips}>
        <legend className="visually-hidden">Which rows</legend>
        {shows.map(({ show, count }) => (
          <button
            key={show}
            type="button"
            aria-pressed={filter.show === show}
            className={cx(styles.chip, filter.show === show && styles.chosen)}
            onClick={() => onChange({ show })}
          >
            {WORDS[show]}
            {count !== undefined && <span className={styles.count}> {formatNumber(count)}</span>}
          </button>
        ))}
      </fieldset>
      {evaluation.metrics.length > 1 && (
        <Field label="by" hideLabel>
          <Select
            small
            aria-label="Metric that decides"
            value={filter.metric ?? evaluation.metrics[0]?.slug ?? ""}
            onChange={(event) => onChange({ metric: event.target.value })}
            options={evaluation.metrics.map((metric) => ({ value: metric.slug, label: `by ${metric.name}` }))}
          />
        </Field>
      )}
      <form
        role="search"
        className={styles.search}
        onSubmit={(event) => {
          event.preventDefault();
          onChange({ q: String(new FormData(event.currentTarget).get("q") ?? "") || undefined });
        }}
      >
        <Field label="Find in outputs" hideLabel>
          <TextInput
            key={filter.q ?? ""}
            name="q"
            type="search"
            placeholder="Find in outputs"
            defaultValue={filter.q}
          />
        </Field>
      </form>
      {filter.label !== undefined && (
        <Button size="small" icon="close" onClick={() => onChange({ label: undefined })}>
          label {filter.label}
        </Button>
      )}
      <p className={styles.quiet} aria-live="polite">
        {total !== null && `${formatNumber(total)} of ${formatNumber(evaluation.row_count)} rows`}
      </p>
    </div>
  );
}

function filterOf(search: Record<string, unknown>, evaluation: EvaluationDetail): ResultFilter {
  const text = (name: string) => (typeof search[name] === "string" ? search[name] : undefined);
  const [metric, q, label] = [text("metric"), text("q"), text("label")];
  return {
    show: (text("show") as Show | undefined) ?? (label || q ? "all" : firstShow(evaluation)),
    ...(metric ? { metric } : {}),
    ...(q ? { q } : {}),
    ...(label !== undefined ? { label } : {}),
  };
}

/** What is most worth looking at: rows that got worse, else that moved, else all. */
function firstShow(evaluation: EvaluationDetail): Show {
  const first = evaluation.comparison?.metrics[0];
  if (first && first.lost_count > 0) return "lost";
  return first && first.gained_count > 0 ? "gained" : "all";
}

function showsOf(evaluation: EvaluationDetail): { show: Show; count?: number }[] {
  const errors = evaluation.summary?.errors ?? 0;
  const failed = evaluation.summary?.metrics.some((metric) => metric.failed > 0);
  const first = evaluation.comparison?.metrics[0];
  return [
    ...(first
      ? [
          { show: "lost" as const, count: first.lost_count },
          { show: "gained" as const, count: first.gained_count },
        ]
      : []),
    { show: "wrong" },
    ...(errors > 0 ? [{ show: "errors" as const, count: errors }] : []),
    ...(failed ? [{ show: "failed" as const }] : []),
    { show: "all", count: evaluation.row_count },
  ];
}

function emptyWords(filter: ResultFilter, evaluation: EvaluationDetail): string {
  if (filter.show === "all" && !filter.q && filter.label === undefined) {
    return isOver(evaluation) ? "No row was answered" : "The first rows come in a moment";
  }
  return `No row: ${WORDS[filter.show].toLowerCase()}${filter.q ? ` with “${filter.q}”` : ""}`;
}

function columnsOf(evaluation: EvaluationDetail, rows: Result[]): Column<Result>[] {
  const compared = evaluation.comparison !== null;
  const expected = rows.some((row) => row.expected !== null);
  return [
    { key: "index", header: "#", align: "right", width: "64px", cell: (row) => formatNumber(row.index + 1) },
    {
      key: "input",
      header: "Input",
      primary: true,
      cell: (row) => <span className={cx(styles.one, styles.input)}>{inputText(row.input)}</span>,
    },
    ...(expected
      ? [
          {
            key: "expected",
            header: "Expected",
            width: "180px",
            cell: (row: Result) => <span className={styles.one}>{row.expected ?? "–"}</span>,
          },
        ]
      : []),
    ...(compared
      ? [
          {
            key: "before",
            header: "On main",
            width: "200px",
            cell: (row: Result) => (
              <span className={styles.one}>{String(row.before?.["output"] ?? "–")}</span>
            ),
          },
        ]
      : []),
    {
      key: "output",
      header: compared ? "Now" : "Output",
      width: "220px",
      cell: (row) =>
        row.error ? (
          <span className={cx(styles.one, styles.bad)}>{row.error}</span>
        ) : (
          <span className={styles.one}>{row.output}</span>
        ),
    },
    ...evaluation.metrics.map((metric) => ({
      key: `score-${metric.slug}`,
      header: metric.name,
      width: "110px",
      cell: (row: Result) => (
        <ScoreMark
          value={row.values[metric.slug]}
          binary={metric.binary}
          before={(row.before?.["values"] as Record<string, number | null> | undefined)?.[metric.slug]}
        />
      ),
    })),
  ];
}
