import { Link } from "@tanstack/react-router";
import { formatCost, formatNumber } from "@/lib/format";
import { Num } from "@/ui/Num";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import styles from "./Evaluations.module.css";
import {
  type Comparison,
  type EvaluationDetail,
  evaluationLink,
  type Figure,
  points,
  tablePercent,
} from "./evaluations";
import { Whisker } from "./Whisker";

interface Line {
  slug: string;
  name: string;
  version: number | null;
  figure: Figure | null;
  change: Comparison["metrics"][number] | undefined;
  failed: number;
  skipped: number;
  cost: number | null;
}

/** Every metric: its figure, what it was on main, the change with its interval, and the rows that moved. */
export function MetricTable({ project, evaluation }: { project: string; evaluation: EvaluationDetail }) {
  const lines = linesOf(evaluation);
  const scale = Math.max(
    ...lines.flatMap((line) =>
      line.change?.difference
        ? [Math.abs(line.change.difference.low), Math.abs(line.change.difference.high)]
        : [],
    ),
    0.01,
  );
  const compared = evaluation.comparison !== null;
  const failing = lines.some((line) => line.failed > 0);
  const columns: Column<Line>[] = [
    {
      key: "name",
      header: "Metric",
      primary: true,
      cell: (line) => (
        <>
          {line.name}
          {line.version !== null && <span className={styles.version}> v{line.version}</span>}
        </>
      ),
    },
    {
      key: "figure",
      header: "Result",
      align: "right",
      width: "110px",
      cell: (line) => (
        <Num
          value={line.figure?.value}
          format={tablePercent}
          n={line.figure?.n}
          interval={line.figure ? [line.figure.low, line.figure.high] : undefined}
        />
      ),
    },
    { key: "n", header: "n", align: "right", width: "70px", cell: (line) => <Num value={line.figure?.n} /> },
  ];
  if (!compared) {
    columns.splice(2, 0, {
      key: "range",
      header: "95 % interval",
      align: "right",
      width: "150px",
      wideOnly: true,
      cell: (line) =>
        line.figure ? `${tablePercent(line.figure.low)} – ${tablePercent(line.figure.high)}` : "–",
    });
  } else {
    columns.push(
      {
        key: "before",
        header: "Main",
        align: "right",
        width: "80px",
        cell: (line) => <Num value={line.change?.before} format={tablePercent} />,
      },
      {
        key: "change",
        header: "Change, in points",
        align: "right",
        width: "170px",
        cell: (line) => <Change line={line} />,
      },
      {
        key: "drawn",
        header: "95 % interval of the change",
        hideHeader: true,
        width: "156px",
        wideOnly: true,
        cell: (line) => <Drawn line={line} reach={scale * 1.1} />,
      },
      {
        key: "direction",
        header: "Against main",
        width: "130px",
        cell: (line) => line.change?.difference && <StateBadge state={line.change.direction} plain />,
      },
      {
        key: "moved",
        header: "Rows moved",
        width: "110px",
        cell: (line) => <Moved project={project} number={evaluation.number} line={line} />,
      },
    );
  }
  if (failing) {
    columns.push({
      key: "failed",
      header: "Failed",
      align: "right",
      width: "70px",
      cell: (line) =>
        line.failed > 0 ? (
          <Link {...evaluationLink(project, evaluation.number, { show: "failed", metric: line.slug })}>
            {formatNumber(line.failed)}
          </Link>
        ) : (
          0
        ),
    });
  }
  if (lines.some((line) => line.cost !== null)) {
    columns.push({
      key: "cost",
      header: "Judge's cost",
      align: "right",
      width: "110px",
      wideOnly: true,
      cell: (line) => <Num value={line.cost} format={formatCost} />,
    });
  }
  return (
    <Table label="Metrics" columns={columns} rows={lines} rowKey={(line) => line.slug} listKeys={false} />
  );
}

function Change({ line }: { line: Line }) {
  const change = line.change?.difference;
  if (!change) return <span className={styles.quiet}>{line.change?.words ?? "not in main's"}</span>;
  return (
    <>
      <strong>{points(change.value)}</strong>{" "}
      <span className={styles.quiet}>
        [{points(change.low)}, {points(change.high)}]
      </span>
    </>
  );
}

function Drawn({ line, reach }: { line: Line; reach: number }) {
  const change = line.change?.difference;
  if (!change || !line.change) return null;
  return (
    <Whisker
      value={change.value}
      low={change.low}
      high={change.high}
      reach={reach}
      tone={line.change.direction}
      label={`${line.name}: ${line.change.words}`}
    />
  );
}

function Moved({ project, number, line }: { project: string; number: number; line: Line }) {
  const change = line.change;
  if (!change || change.slug === "macro-f1") return null;
  const to = (show: string) => evaluationLink(project, number, { show, metric: line.slug });
  return (
    <span className={styles.moved}>
      <Link {...to("gained")} aria-label={`${change.gained_count} rows gained`}>
        +{formatNumber(change.gained_count)}
      </Link>
      <Link {...to("lost")} aria-label={`${change.lost_count} rows lost`}>
        −{formatNumber(change.lost_count)}
      </Link>
    </span>
  );
}

function linesOf(evaluation: EvaluationDetail): Line[] {
  const summary = evaluation.summary;
  if (!summary) return [];
  const changeOf = (slug: string) => evaluation.comparison?.metrics.find((metric) => metric.slug === slug);
  const lines: Line[] = summary.metrics.map((metric) => ({ ...metric, change: changeOf(metric.slug) }));
  if (summary.labelled) {
    const none = { version: null, failed: 0, skipped: 0, cost: null };
    lines.push({
      ...none,
      slug: "macro-f1",
      name: "Macro-F1",
      figure: summary.labelled.macro_f1,
      change: changeOf("macro-f1"),
    });
  }
  return lines;
}
