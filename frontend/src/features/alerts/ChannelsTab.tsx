import { useQuery } from "@tanstack/react-query";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import styles from "./Alerts.module.css";
import { type Channel, channelsQuery } from "./alerts";
import { DELIVERY_STATES, toldBy } from "./channels";

interface ChannelsTabProps {
  project: string;
  may: boolean;
  onNew: () => void;
}

export function ChannelsTab({ project, may, onNew }: ChannelsTabProps) {
  const channels = useQuery(channelsQuery(project));
  const create = may && (
    <Button variant="primary" icon="plus" onClick={onNew}>
      New channel
    </Button>
  );
  return (
    <Card padding="none">
      {channels.isPending && <SkeletonRows rows={3} columns={4} />}
      {channels.isError && <ErrorState error={channels.error} retry={() => void channels.refetch()} />}
      {channels.data?.length === 0 && (
        <Empty icon="inbox" title="No channels yet" action={create}>
          A channel tells people or programs that an alert fires: their inbox here, or a signed webhook.
        </Empty>
      )}
      {channels.data && channels.data.length > 0 && (
        <Table
          label="Channels"
          columns={COLUMNS}
          rows={channels.data}
          rowKey={(channel) => String(channel.id)}
          {...(may
            ? {
                rowLink: (channel: Channel) => ({
                  to: "/p/$project/alerts",
                  params: { project },
                  search: { tab: "channels", channel: String(channel.id) },
                }),
              }
            : {})}
        />
      )}
    </Card>
  );
}

const COLUMNS: Column<Channel>[] = [
  { key: "name", header: "Name", primary: true, cell: (channel) => channel.name, width: "26%" },
  { key: "kind", header: "Kind", cell: (channel) => channel.kind, width: "110px" },
  {
    key: "address",
    header: "Tells",
    cell: (channel) => <span className={styles.address}>{toldBy(channel)}</span>,
  },
  {
    key: "last",
    header: "Last message",
    width: "140px",
    cell: (channel) =>
      channel.last_state ? (
        <StateBadge state={DELIVERY_STATES[channel.last_state]} plain>
          {channel.last_state}
        </StateBadge>
      ) : (
        <span className={styles.quiet}>{channel.kind === "inbox" ? "" : "none yet"}</span>
      ),
  },
  { key: "state", header: "State", cell: (channel) => (channel.enabled ? "on" : "off"), width: "72px" },
];
