import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { useLive } from "@/api/live";
import { type Job, withProgress } from "./jobs";

type Shown = Job | Job[] | InfiniteData<{ items: Job[] }> | undefined;

/** Writes live progress into every list and page of jobs that is in the cache; once in the shell. */
export function useJobProgress(project: string): void {
  const queries = useQueryClient();
  useLive(project, (message) => {
    if (message.kind !== "job.progress") return;
    queries.setQueriesData<Shown>({ queryKey: [project, "jobs"] }, (shown) => {
      if (!shown) return shown;
      if (Array.isArray(shown)) return shown.map((job) => withProgress(job, message));
      if ("pages" in shown) {
        const pages = shown.pages.map((page) => ({
          ...page,
          items: page.items.map((job) => withProgress(job, message)),
        }));
        return { ...shown, pages };
      }
      return withProgress(shown, message);
    });
  });
}
