import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import type { LiveMessage } from "@/api/live";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { toast, toastProblem } from "@/ui/Toast";

export type Job = components["schemas"]["Job"];

const at = (project: string, number: number) => ({ params: { path: { project, number } } });

export function jobQuery(project: string, number: number) {
  return queryOptions({
    queryKey: key(project, "jobs", number),
    queryFn: () => take(client.GET("/api/v1/projects/{project}/jobs/{number}", at(project, number))),
  });
}

/** The newest jobs, for the popover. */
export function recentJobsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "jobs", "recent"),
    queryFn: async () =>
      (
        await take(
          client.GET("/api/v1/projects/{project}/jobs", {
            params: { path: { project }, query: { limit: "12" } },
          }),
        )
      ).items,
  });
}

export function jobsQuery(project: string, state: string | undefined) {
  return infiniteQueryOptions({
    queryKey: key(project, "jobs", "list", state ?? ""),
    initialPageParam: "",
    queryFn: ({ pageParam: cursor }) =>
      take(
        client.GET("/api/v1/projects/{project}/jobs", {
          params: {
            path: { project },
            query: { ...(state ? { state } : {}), ...(cursor ? { cursor } : {}) },
          },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
}

export function isOpen(job: Job): boolean {
  return job.state === "queued" || job.state === "running";
}

/** The state for a badge: a running job that was asked to stop is "cancelling". */
export function shownState(job: Job): string {
  return job.cancel_requested && isOpen(job) ? "cancelling" : (job.state ?? "queued");
}

const KIND_WORDS: Record<string, string> = { fine_tune: "fine-tune", sample_traffic: "sample requests" };

/** "fine_tune" -> "fine-tune". */
export function kindWords(kind: string): string {
  return KIND_WORDS[kind] ?? kind.replaceAll("_", " ");
}

export function useCancelJob(project: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (number: number) =>
      take(client.POST("/api/v1/projects/{project}/jobs/{number}/cancel", at(project, number))),
    onSuccess: (job) => {
      queries.setQueryData(jobQuery(project, job.number).queryKey, job);
      void queries.invalidateQueries({ queryKey: [project, "jobs"] });
      toast(job.state === "cancelled" ? "Cancelled" : "Cancelling; it stops at its next step", {
        tone: "neutral",
      });
    },
    onError: toastProblem,
  });
}

/** A job with the progress that a live message tells, or the same job when the message is not about it. */
export function withProgress(job: Job, message: LiveMessage): Job {
  if (message.kind !== "job.progress" || message.subject?.id !== String(job.number)) return job;
  const {
    done,
    total,
    message: words,
  } = message.data as { done: number; total: number | null; message: string };
  return { ...job, state: "running", done, total: total ?? job.total ?? null, message: words };
}
