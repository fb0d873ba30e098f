import { formatCost, formatDuration, formatNumber, formatPercent } from "@/lib/format";
import { Card } from "@/ui/Card";
import { Num } from "@/ui/Num";
import { type Column, Table } from "@/ui/Table";
import { type Dashboard, nameOf, type Series } from "./quality";

/** The whole range in one line, and each commit in one more; scores with their n and interval. */
export function Figures({ data }: { data: Dashboard }) {
  return (
    <Card padding="none" title="The whole range">
      <Table
        label="Figures of the whole range"
        columns={[...COLUMNS, ...scoreColumns(data)]}
        rows={data.series}
        rowKey={(row) => `${row.kind} ${row.commit}`}
        listKeys={false}
      />
    </Card>
  );
}

const COLUMNS: Column<Series>[] = [
  { key: "name", header: "Requests of", primary: true, width: "150px", cell: (row) => nameOf(row) },
  { key: "requests", header: "Requests", align: "right", cell: (row) => <Num value={row.whole.requests} /> },
  {
    key: "errors",
    header: "Error rate",
    align: "right",
    cell: (row) => <Num value={row.whole.error_rate} format={formatPercent} n={row.whole.requests} />,
  },
  {
    key: "p50",
    header: "Half below",
    align: "right",
    cell: (row) => <Num value={row.whole.latency_p50} format={formatDuration} />,
  },
  {
    key: "p99",
    header: "99 % below",
    align: "right",
    cell: (row) => <Num value={row.whole.latency_p99} format={formatDuration} />,
  },
  {
    key: "cost",
    header: "Cost",
    align: "right",
    cell: (row) => <Num value={row.whole.cost} format={formatCost} />,
  },
];

function scoreColumns(data: Dashboard): Column<Series>[] {
  return data.scores.map((metric) => ({
    key: `${metric.metric} ${metric.version}`,
    header: `${metric.name} v${metric.version}`,
    align: "right",
    cell: (row) => {
      const mine = metric.series.find((one) => one.kind === row.kind && one.commit === row.commit)?.whole;
      if (!mine || mine.mean === null) return <Num value={null} />;
      const bounds = mine.low !== null && mine.high !== null;
      return (
        <Num
          value={mine.mean}
          format={(value) => formatNumber(value, 2)}
          n={mine.n}
          {...(bounds ? { interval: [mine.low, mine.high] as [number, number] } : {})}
        />
      );
    },
  }));
}
