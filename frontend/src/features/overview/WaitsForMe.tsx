import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession } from "@/api/session";
import { alertsQuery } from "@/features/alerts/alerts";
import { draftsQuery } from "@/features/drafts/drafts";
import { isOpen, recentJobsQuery, shownState } from "@/features/jobs/jobs";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonText } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import styles from "./Overview.module.css";
import { byWhoWaits } from "./overview";

/** Alerts that fire, drafts under review, jobs that run: what one may want to look at now. */
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
  const running = (jobs.data ?? []).filter(isOpen);
  if (firing.length + open.length + running.length === 0) {
    return (
      <Card title="Waits for you" padding="none">
        <Empty icon="check" title="Nothing waits">
          No alert fires, no draft is under review, nothing runs.
        </Empty>
      </Card>
    );
  }
  return (
    <Card title="Waits for you" padding="none">
      <ul className={styles.list}>
        {firing.map((alert) => (
          <Item
            key={`a${alert.number}`}
            state="firing"
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
            state="open"
            to="/p/$project/drafts/$number"
            project={project}
            number={draft.number}
            title={draft.title}
          >
            Draft #{draft.number} by {draft.author?.id === me ? "you" : draft.author_name},{" "}
            <Time at={draft.updated_at} />
          </Item>
        ))}
        {running.map((job) => (
          <Item
            key={`j${job.number}`}
            state={shownState(job)}
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
  state: string;
  to: string;
  project: string;
  number: number;
  title: string;
  children: ReactNode;
}

function Item({ state, to, project, number, title, children }: ItemProps) {
  return (
    <li className={styles.item}>
      <div className={styles.line}>
        <Link to={to} params={{ project, number: String(number) }} className={styles.link}>
          {title}
        </Link>
        <StateBadge state={state} plain />
      </div>
      <p className={styles.quiet}>{children}</p>
    </li>
  );
}
