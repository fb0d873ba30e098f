import { useQuery } from "@tanstack/react-query";
import { Badge } from "@/ui/Badge";
import { Card } from "@/ui/Card";
import { type Column, Table } from "@/ui/Table";
import { type Circuit, gatewayQuery } from "./gateway";

/** Who failed too often and is left alone for a moment. Nothing when everybody is asked. */
export function CircuitsCard({ project }: { project: string }) {
  const gateway = useQuery(gatewayQuery(project));
  const circuits = gateway.data?.circuits ?? [];
  if (circuits.length === 0) return null;
  return (
    <Card
      title="Not asked just now"
      description="They failed too often. Calls go to their stand-ins at once, or are refused, until one call has found them well."
      padding="none"
    >
      <Table
        label="Not asked just now"
        columns={COLUMNS}
        rows={circuits}
        rowKey={(item) => item.name}
        listKeys={false}
      />
    </Card>
  );
}

const COLUMNS: Column<Circuit>[] = [
  {
    key: "name",
    header: "Provider or model",
    primary: true,
    cell: (item) => <code>{item.name}</code>,
  },
  {
    key: "reason",
    header: "Why",
    cell: (item) =>
      item.reason === "unreachable" ? "It cannot be reached." : "It answered with errors, or not in time.",
  },
  {
    key: "state",
    header: "State",
    width: "160px",
    cell: (item) =>
      item.state === "open" ? (
        <Badge tone="bad">left alone</Badge>
      ) : (
        <Badge tone="warn">the next call tries</Badge>
      ),
  },
];
