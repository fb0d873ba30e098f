import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useSession } from "@/api/session";
import { plural } from "@/lib/format";
import styles from "@/shell/Shell.module.css";
import { Icon } from "@/ui/Icon";
import { Popover } from "@/ui/Popover";
import { SkeletonRows } from "@/ui/Skeleton";
import list from "./JobsTool.module.css";
import { isOpen, recentJobsQuery } from "./jobs";
import { useJobProgress } from "./useJobProgress";

const RecentJobs = lazy(() => import("./RecentJobs"));

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
            {running > 0 && (
              <span className={styles.badge} aria-hidden="true">
                {running}
              </span>
            )}
          </button>
        }
      >
        {(close) => (
          <Suspense fallback={<SkeletonRows rows={3} columns={1} />}>
            <RecentJobs project={project} onGo={close} />
          </Suspense>
        )}
      </Popover>
    </>
  );
}

function Progress({ project }: { project: string }) {
  useJobProgress(project);
  return null;
}
