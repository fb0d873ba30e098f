import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { LoadMore } from "@/ui/LoadMore";
import { Stack } from "@/ui/Page";
import { SkeletonRows, SkeletonText } from "@/ui/Skeleton";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { AlertCard } from "./AlertCard";
import { type Alert, alertsQuery, rulesQuery } from "./alerts";
import { Subject } from "./Subject";
import { limitOf, scopeOf, written } from "./words";

/** Firing first, each with all one needs; below them what is over. */
export function AlertsTab({ project, may }: { project: string; may: boolean }) {
  return (
    <Stack>
      <Firing project={project} may={may} />
      <Resolved project={project} />
    </Stack>
  );
}

function Firing({ project, may }: { project: string; may: boolean }) {
  const firing = useInfiniteQuery(alertsQuery(project, "firing"));
  if (firing.isPending) {
    return (
      <Card>
        <SkeletonText lines={5} />
      </Card>
    );
  }
  if (firing.isError) {
    return (
      <Card padding="none">
        <ErrorState error={firing.error} retry={() => void firing.refetch()} />
      </Card>
    );
  }
  const alerts = firing.data.pages.flatMap((page) => page.items);
  if (alerts.length === 0) return <AllQuiet project={project} may={may} />;
  return (
    <>
      {alerts.map((alert) => (
        <AlertCard key={alert.number} project={project} alert={alert} />
      ))}
      <LoadMore pages={firing} />
    </>
  );
}

function AllQuiet({ project, may }: { project: string; may: boolean }) {
  const rules = useQuery(rulesQuery(project));
  if (rules.isPending)
    return (
      <Card padding="none">
        <SkeletonRows rows={3} />
      </Card>
    );
  const watching = rules.data?.filter((rule) => rule.enabled).length ?? 0;
  if (watching > 0) {
    return (
      <Card padding="none">
        <Empty icon="check" title="Nothing fires">
          {watching === 1 ? "One rule watches" : `${watching} rules watch`} the logs and scores of this
          project.
        </Empty>
      </Card>
    );
  }
  const start = may && (
    <ButtonLink
      variant="primary"
      icon="plus"
      to="/p/$project/alerts"
      params={{ project }}
      search={{ tab: "rules", rule: "new" }}
    >
      New rule
    </ButtonLink>
  );
  return (
    <Card padding="none">
      <Empty icon="alert" title="Nothing is watched yet" action={start}>
        A rule watches errors, latency, cost, traffic or a metric's score, and tells you when it leaves its
        limit.
      </Empty>
    </Card>
  );
}

function Resolved({ project }: { project: string }) {
  const resolved = useInfiniteQuery(alertsQuery(project, "resolved"));
  const alerts = resolved.data?.pages.flatMap((page) => page.items) ?? [];
  if (resolved.isSuccess && alerts.length === 0) return null;
  return (
    <Card title="Resolved" padding="none">
      {resolved.isPending && <SkeletonRows rows={3} columns={4} />}
      {resolved.isError && <ErrorState error={resolved.error} retry={() => void resolved.refetch()} />}
      {alerts.length > 0 && (
        <Table
          label="Resolved alerts"
          columns={COLUMNS}
          rows={alerts}
          rowKey={(alert) => String(alert.number)}
          rowLink={(alert) => ({
            to: "/p/$project/alerts/$number",
            params: { project, number: String(alert.number) },
          })}
          footer={resolved.hasNextPage ? <LoadMore pages={resolved} /> : undefined}
        />
      )}
    </Card>
  );
}

const COLUMNS: Column<Alert>[] = [
  { key: "number", header: "Alert", width: "72px", cell: (alert) => `#${alert.number}` },
  { key: "name", header: "Rule", primary: true, cell: (alert) => alert.rule_name },
  {
    key: "found",
    header: "Found",
    cell: (alert) => {
      const { kind } = alert.condition;
      const value = alert.figures.value === null ? "–" : written(kind, alert.figures.value);
      return (
        <>
          <Subject rule={alert.condition} /> {value}, fires {limitOf(alert.condition)}
        </>
      );
    },
  },
  { key: "scope", header: "Scope", cell: (alert) => scopeOf(alert.condition), wideOnly: true, width: "22%" },
  { key: "began", header: "Began", cell: (alert) => <Time at={alert.opened_at} />, width: "110px" },
  { key: "ended", header: "Resolved", cell: (alert) => <Time at={alert.resolved_at} />, width: "110px" },
];
