import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession } from "@/api/session";
import { alertsQuery } from "@/features/alerts/alerts";
import { draftsQuery } from "@/features/drafts/drafts";
import { ReviewBadge } from "@/features/drafts/ReviewBadge";
import { isOpen, type Job, recentJobsQuery, shownState } from "@/features/jobs/jobs";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonText } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import styles from "./Overview.module.css";
import { byWhoWaits } from "./overview";

/** Alerts that fire and drafts under review, what one may want to look at now; below them the jobs that run. */
export function WaitsForMe({ project }: { project: string }) {
  const me = useSession().data?.id;
  const alerts = useInfiniteQuery(alertsQuery(project, "firing"));
  const drafts = useQuery(draftsQuery(project, { state: "open" }));
  const jobs = useQuery(recentJobsQuery(project));
  const all = [alerts, drafts, jobs];
  const failed = all.find((query) => query.isError);
  if (failed) {
    const retry = () => {
      for (const query of all) if (query.isError) void query.refetch();
    };
    return (
      <Card title="Waits for you" padding="none">
        <ErrorState error={failed.error} retry={retry} />
      </Card>
    );
  }
  if (all.some((query) => query.isPending)) {
    return (
      <Card title="Waits for you">
        <SkeletonText lines={5} />
      </Card>
    );
  }
  const firing = alerts.data?.pages.flatMap((page) => page.items) ?? [];
  const open = byWhoWaits(drafts.data?.items ?? [], me);
  return (
    <div className={styles.environments}>
      <Card title="Waits for you" padding="none">
        {firing.length + open.length === 0 ? (
          <Empty icon="check" title="Nothing waits">
            No alert fires, and no draft is under review.
          </Empty>
        ) : (
          <ul>
            {firing.map((alert) => (
              <Item
                key={`a${alert.number}`}
                badge={<StateBadge state="firing" plain />}
                to="/p/$project/alerts/$number"
                project={project}
                number={alert.number}
                title={alert.rule_name}
              >
                Alert, <Time at={alert.opened_at} />
              </Item>
            ))}
            {open.map((draft) => (
              <Item
                key={`d${draft.number}`}
                badge={<ReviewBadge draft={draft} />}
                to="/p/$project/drafts/$number"
                project={project}
                number={draft.number}
                title={draft.title}
              >
                Draft #{draft.number} by {draft.author?.id === me ? "you" : draft.author_name},{" "}
                <Time at={draft.updated_at} />
              </Item>
            ))}
          </ul>
        )}
      </Card>
      <Running project={project} jobs={(jobs.data ?? []).filter(isOpen)} />
    </div>
  );
}

/** The jobs that run now: nobody waits for them to be looked at, but one may want to watch. */
function Running({ project, jobs }: { project: string; jobs: Job[] }) {
  if (jobs.length === 0) return null;
  return (
    <Card title="Running now" padding="none">
      <ul>
        {jobs.map((job) => (
          <Item
            key={job.number}
            badge={<StateBadge state={shownState(job)} plain />}
            to="/p/$project/jobs/$number"
            project={project}
            number={job.number}
            title={job.title}
          >
            Job #{job.number}, <Time at={job.created_at} />
          </Item>
        ))}
      </ul>
    </Card>
  );
}

interface ItemProps {
  badge: ReactNode;
  to: string;
  project: string;
  number: number;
  title: string;
  children: ReactNode;
}

function Item({ badge, to, project, number, title, children }: ItemProps) {
  return (
    <li className={styles.item}>
      <div className={styles.line}>
        <Link to={to} params={{ project, number: String(number) }} className={styles.link}>
          {title}
        </Link>
        {badge}
      </div>
      <p className={styles.quiet}>{children}</p>
    </li>
  );
}
