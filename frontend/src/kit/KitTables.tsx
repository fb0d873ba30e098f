import { useState } from "react";
import { formatDuration } from "@/lib/format";
import { Card } from "@/ui/Card";
import { Num } from "@/ui/Num";
import { Stack } from "@/ui/Page";
import { Sparkline } from "@/ui/Sparkline";
import { StateBadge } from "@/ui/StateBadge";
import type { Sort } from "@/ui/sort";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { VirtualTable } from "@/ui/VirtualTable";

interface Row {
  id: string;
  name: string;
  state: string;
  latency: number;
  at: Date;
  trend: number[];
}

const rows: Row[] = Array.from({ length: 20_000 }, (_, index) => ({
  id: String(index + 1),
  name: `Answer refunds in one message, version ${index + 1}`,
  state: ["running", "succeeded", "failed", "queued"][index % 4] ?? "queued",
  latency: ((index * 7919) % 2400) + 40,
  at: new Date(Date.now() - index * 1_000_000),
  trend: Array.from({ length: 24 }, (_, hour) => Math.sin(hour / 3 + index) + 2),
}));

const columns: Column<Row>[] = [
  { key: "name", header: "Name", cell: (row) => row.name, primary: true, sort: (row) => row.name },
  { key: "state", header: "State", cell: (row) => <StateBadge plain state={row.state} />, width: "120px" },
  {
    key: "trend",
    header: "Trend",
    cell: (row) => <Sparkline values={row.trend} label={`Trend of ${row.name}`} height={20} />,
    width: "140px",
    wideOnly: true,
  },
  {
    key: "latency",
    header: "Latency",
    cell: (row) => <Num value={row.latency} format={formatDuration} />,
    align: "right",
    sort: (row) => row.latency,
    width: "110px",
  },
  { key: "at", header: "Changed", cell: (row) => <Time at={row.at} />, align: "right", width: "110px" },
];

export function KitTables() {
  const [sort, setSort] = useState<Sort>();
  const [selected, setSelected] = useState<string>();
  return (
    <Stack>
      <Card title="Table" padding="none">
        <Table
          label="Jobs"
          columns={columns}
          rows={rows.slice(0, 8)}
          rowKey={(row) => row.id}
          rowLink={() => ({ to: "/_kit" })}
          sort={sort}
          onSort={setSort}
          footer="8 of 20,000"
        />
      </Card>
      <Card title="20,000 rows" padding="none">
        <VirtualTable
          label="Logs"
          columns={columns}
          rows={rows}
          rowKey={(row) => row.id}
          onOpen={(row) => setSelected(row.id)}
          selected={selected ?? null}
          height="360px"
          listKeys={false}
        />
      </Card>
    </Stack>
  );
}
