import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useSession } from "@/api/session";
import { plural } from "@/lib/format";
import styles from "@/shell/Shell.module.css";
import { ErrorState } from "@/ui/ErrorState";
import { Icon } from "@/ui/Icon";
import { Popover } from "@/ui/Popover";
import { SkeletonText } from "@/ui/Skeleton";
import { JobRow } from "./JobRow";
import list from "./Jobs.module.css";
import { isOpen, recentJobsQuery } from "./jobs";
import { useJobProgress } from "./useJobProgress";

/** The top bar's live jobs: how many run, and each with its progress. */
export function JobsTool({ project }: { project: string }) {
  const running = (useQuery(recentJobsQuery(project)).data ?? []).filter(isOpen).length;
  return (
    <>
      {useSession().isSuccess && <Progress project={project} />}
      <Popover
        label="Jobs"
        width={400}
        trigger={
          <button
            type="button"
            className={styles.tool}
            aria-label={running ? `${plural(running, "job")} running` : "Jobs"}
          >
            {running > 0 ? <span className={list.spinner} aria-hidden="true" /> : <Icon name="jobs" />}
            {running > 0 && <span className={styles.badge}>{running}</span>}
          </button>
        }
      >
        {(close) => <RecentJobs project={project} onGo={close} />}
      </Popover>
    </>
  );
}

function Progress({ project }: { project: string }) {
  useJobProgress(project);
  return null;
}

function RecentJobs({ project, onGo }: { project: string; onGo: () => void }) {
  const jobs = useQuery(recentJobsQuery(project));
  const rows = [...(jobs.data ?? [])].sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)));
  return (
    <section className={list.panel}>
      <header className={list.head}>
        <h2>Jobs</h2>
        <Link to="/p/$project/jobs" params={{ project }} onClick={onGo}>
          All jobs
        </Link>
      </header>
      {jobs.isPending && (
        <div className={list.pad}>
          <SkeletonText />
        </div>
      )}
      {jobs.isError && <ErrorState error={jobs.error} retry={() => void jobs.refetch()} />}
      {jobs.data?.length === 0 && (
        <p className={list.none}>
          Nothing has run yet. Fine-tunes, evaluations and imports show up here while they run.
        </p>
      )}
      <ul>
        {rows.map((job) => (
          <JobRow key={job.number} project={project} job={job} onGo={onGo} />
        ))}
      </ul>
    </section>
  );
}
