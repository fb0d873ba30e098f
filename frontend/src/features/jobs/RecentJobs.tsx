import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonText } from "@/ui/Skeleton";
import { JobRow } from "./JobRow";
import list from "./Jobs.module.css";
import { isOpen, recentJobsQuery } from "./jobs";

/** The popover's list: what runs first, then what ended. */
export default function RecentJobs({ project, onGo }: { project: string; onGo: () => void }) {
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
