import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { alertsQuery } from "@/features/alerts/alerts";
import { deskQuery, WHY } from "@/features/drafts/review";
import { isOpen, recentJobsQuery, shownState } from "@/features/jobs/jobs";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonText } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import styles from "./Overview.module.css";

/** The drafts that wait for one's review, as the review desk and the rail have them; below, what goes on. */
export function WaitsForMe({ project }: { project: string }) {
  return (
    <div className={styles.environments}>
      <MyReviews project={project} />
      <GoingOn project={project} />
    </div>
  );
}

function MyReviews({ project }: { project: string }) {
  const desk = useQuery(deskQuery(project));
  if (desk.isError) {
    return (
      <Card title="Waits for you" padding="none">
        <ErrorState error={desk.error} retry={() => void desk.refetch()} />
      </Card>
    );
  }
  if (desk.isPending) {
    return (
      <Card title="Waits for you">
        <SkeletonText lines={5} />
      </Card>
    );
  }
  const { waiting } = desk.data;
  return (
    <Card title={waiting.length ? `Waits for you (${waiting.length})` : "Waits for you"} padding="none">
      {waiting.length === 0 && <Empty icon="check" title="No draft waits for you" />}
      <ul>
        {waiting.map(({ draft, why, asked_by }) => (
          <Item
            key={draft.number}
            badge={
              <StateBadge state={why === "asked" ? "open" : "pending"} plain>
                {WHY[why]}
              </StateBadge>
            }
            to="/p/$project/drafts/$number"
            project={project}
            number={draft.number}
            title={draft.title}
          >
            Draft #{draft.number} by {draft.author_name}
            {asked_by && `, ${asked_by} asks you`}, <Time at={draft.updated_at} />
          </Item>
        ))}
      </ul>
    </Card>
  );
}

/** Alerts that fire and jobs that run: they wait for nobody in particular. */
function GoingOn({ project }: { project: string }) {
  const alerts = useInfiniteQuery(alertsQuery(project, "firing"));
  const jobs = useQuery(recentJobsQuery(project));
  const failed = [alerts, jobs].find((query) => query.isError);
  if (failed) {
    return (
      <Card title="Firing and running" padding="none">
        <ErrorState error={failed.error} retry={() => void failed.refetch()} />
      </Card>
    );
  }
  if (!alerts.data || !jobs.data) {
    return (
      <Card title="Firing and running">
        <SkeletonText lines={3} />
      </Card>
    );
  }
  const firing = alerts.data.pages.flatMap((page) => page.items);
  const running = jobs.data.filter(isOpen);
  return (
    <Card title="Firing and running" padding="none">
      {firing.length + running.length === 0 && <Empty icon="check" title="No alert fires, nothing runs" />}
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
        {running.map((job) => (
          <Item
            key={`j${job.number}`}
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
