import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Select } from "@/ui/Field";
import { LoadMore } from "@/ui/LoadMore";
import { SkeletonRows } from "@/ui/Skeleton";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { factsOf, sentenceOf } from "./events";
import styles from "./Settings.module.css";
import { SettingsFrame } from "./SettingsFrame";

type Event = components["schemas"]["Event"];

const KINDS = [
  { value: "", label: "Everything" },
  { value: "draft.", label: "Drafts" },
  { value: "deployment.", label: "Deployments" },
  { value: "environment.", label: "Environments" },
  { value: "freeze.", label: "Freezes" },
  { value: "dataset.", label: "Datasets" },
  { value: "job.", label: "Jobs" },
  { value: "member.", label: "Members" },
  { value: "api_key.", label: "API keys" },
  { value: "project.", label: "Project" },
];

const COLUMNS: Column<Event>[] = [
  { key: "at", header: "When", cell: (event) => <Time at={event.at} />, width: "120px" },
  { key: "who", header: "Who", cell: (event) => event.actor_name, width: "220px" },
  { key: "what", header: "What", cell: sentenceOf, primary: true },
  {
    key: "data",
    header: "Details",
    cell: (event) => <span className={styles.data}>{factsOf(event.data)}</span>,
  },
];

function eventsQuery(project: string, kind: string) {
  return infiniteQueryOptions({
    queryKey: key(project, "events", kind),
    initialPageParam: "",
    queryFn: ({ pageParam: cursor }) =>
      take(
        client.GET("/api/v1/projects/{project}/events", {
          params: { path: { project }, query: { ...(kind ? { kind } : {}), ...(cursor ? { cursor } : {}) } },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
}

export default function AuditPage() {
  const { project = "" } = useParams({ strict: false });
  const { kind = "" } = useSearch({ strict: false }) as { kind?: string };
  const navigate = useNavigate();
  const filter = (next: string) =>
    void navigate({
      to: "/p/$project/settings/audit",
      params: { project },
      search: next ? { kind: next } : {},
      replace: true,
    });
  return (
    <SettingsFrame
      title="Audit trail"
      description="Every change in this project, with who made it. Nothing is ever removed."
      actions={
        <Select
          aria-label="Show"
          options={KINDS}
          value={kind}
          onChange={(event) => filter(event.target.value)}
        />
      }
    >
      <Card padding="none">
        <Events project={project} kind={kind} onClear={() => filter("")} />
      </Card>
    </SettingsFrame>
  );
}

function Events({ project, kind, onClear }: { project: string; kind: string; onClear: () => void }) {
  const events = useInfiniteQuery(eventsQuery(project, kind));
  if (events.isPending) return <SkeletonRows rows={10} columns={4} />;
  if (events.isError) return <ErrorState error={events.error} retry={() => void events.refetch()} />;
  const rows = events.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) {
    return (
      <Empty
        icon="history"
        title={kind ? "Nothing of this kind happened yet" : "Nothing happened yet"}
        action={kind && <Button onClick={onClear}>Show everything</Button>}
      />
    );
  }
  return (
    <Table
      label="Audit trail"
      columns={COLUMNS}
      rows={rows}
      rowKey={(event) => String(event.id)}
      footer={events.hasNextPage && <LoadMore pages={events} />}
    />
  );
}
