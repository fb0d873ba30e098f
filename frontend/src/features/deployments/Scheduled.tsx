import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { formatExact } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ConfirmDialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { Id } from "@/ui/Id";
import { Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import styles from "./Deployments.module.css";
import { type ScheduledDeploy, scheduledQuery, useCancelScheduled, useEnvironmentNames } from "./deployments";
import { EnvironmentName } from "./EnvironmentCard";

const DAY = 24 * 3600 * 1000;

/** What goes live by itself at its time, with a countdown; what failed in the last day, with why. */
export function Scheduled({ project, may }: { project: string; may: boolean }) {
  const scheduled = useQuery(scheduledQuery(project));
  const nameOf = useEnvironmentNames(project);
  const [leaving, setLeaving] = useState<ScheduledDeploy>();
  const cancel = useCancelScheduled(project);
  if (scheduled.isError) {
    return (
      <Card title="Scheduled" padding="none">
        <ErrorState error={scheduled.error} retry={() => void scheduled.refetch()} />
      </Card>
    );
  }
  const rows = (scheduled.data ?? []).filter(
    (each) => each.state === "waiting" || (each.state === "failed" && isRecent(each)),
  );
  if (rows.length === 0) return null;
  return (
    <Card title="Scheduled" padding="none">
      <Table
        label="Scheduled deploys"
        listKeys={false}
        rows={rows.sort((one, other) => one.at.localeCompare(other.at))}
        rowKey={(each) => String(each.id)}
        columns={[
          {
            key: "what",
            header: "Commit",
            primary: true,
            cell: (each) => (
              <>
                {each.subject} <Id value={each.commit} label="commit" />
              </>
            ),
          },
          {
            key: "where",
            header: "Where",
            width: "140px",
            cell: (each) => (
              <EnvironmentName environment={{ slug: each.environment, name: nameOf(each.environment) }} />
            ),
          },
          { key: "when", header: "When", cell: (each) => <When scheduled={each} /> },
          { key: "who", header: "By", width: "160px", cell: (each) => each.actor_name },
          ...(may
            ? [
                {
                  key: "act",
                  header: "Call off",
                  hideHeader: true,
                  width: "100px",
                  cell: (each: ScheduledDeploy) =>
                    each.state === "waiting" && (
                      <Button size="small" onClick={() => setLeaving(each)}>
                        Call off
                      </Button>
                    ),
                },
              ]
            : []),
        ]}
      />
      {leaving && (
        <ConfirmDialog
          open
          title="Call off this deploy?"
          action="Call it off"
          onClose={() => setLeaving(undefined)}
          onConfirm={() => cancel.mutate(leaving.id, { onSuccess: () => setLeaving(undefined) })}
          loading={cancel.isPending}
          error={cancel.error}
        >
          “{leaving.subject}” does not go live in {nameOf(leaving.environment)} by itself any more.
        </ConfirmDialog>
      )}
    </Card>
  );
}

function isRecent(each: ScheduledDeploy): boolean {
  return Date.now() - new Date(each.ended_at ?? each.at).getTime() < DAY;
}

function When({ scheduled }: { scheduled: ScheduledDeploy }) {
  if (scheduled.state === "failed") {
    return (
      <span>
        Failed <Time at={scheduled.ended_at} />: {scheduled.problem}
      </span>
    );
  }
  return (
    <span>
      <Time at={scheduled.at} /> <span className={styles.quiet}>({formatExact(new Date(scheduled.at))})</span>
    </span>
  );
}
