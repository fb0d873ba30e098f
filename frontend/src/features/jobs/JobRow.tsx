import { Link } from "@tanstack/react-router";
import { useCan } from "@/api/session";
import { Button } from "@/ui/Button";
import { Progress } from "@/ui/Progress";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import styles from "./Jobs.module.css";
import { isOpen, type Job, shownState, useCancelJob } from "./jobs";

/** One job in the popover: what it is, how far, and cancel. */
export function JobRow({ project, job, onGo }: { project: string; job: Job; onGo: () => void }) {
  return (
    <li className={styles.row}>
      <div className={styles.line}>
        <Link
          to="/p/$project/jobs/$number"
          params={{ project, number: String(job.number) }}
          onClick={onGo}
          className={styles.name}
        >
          {job.title}
        </Link>
        <StateBadge state={shownState(job)} plain />
      </div>
      {isOpen(job) ? (
        <JobProgress project={project} job={job} />
      ) : (
        <p className={styles.ended}>
          {job.error || job.message || "Ended"} · <Time at={job.ended_at} />
        </p>
      )}
    </li>
  );
}

/** The bar of a job that has not ended, with its cancel button for those who may. */
export function JobProgress({ project, job }: { project: string; job: Job }) {
  const cancel = useCancelJob(project);
  const may = useCan(project, "editor") && !job.cancel_requested;
  return (
    <Progress
      label={job.title}
      done={job.done ?? 0}
      total={job.state === "queued" ? 0 : (job.total ?? null)}
      startedAt={job.started_at}
      message={job.message || (job.state === "queued" ? "Waiting for a worker" : "")}
      action={
        may && (
          <Button size="small" loading={cancel.isPending} onClick={() => cancel.mutate(job.number)}>
            Cancel
          </Button>
        )
      }
    />
  );
}
