import { formatDuration } from "@/lib/format";
import type { Job } from "./jobs";

/** How long a job has worked, or worked, in words; nothing before it began. */
export function tookMs(job: Pick<Job, "started_at" | "ended_at">, now = new Date()): string {
  if (!job.started_at) return "";
  const end = job.ended_at ? new Date(job.ended_at) : now;
  return formatDuration(Math.max(0, end.getTime() - new Date(job.started_at).getTime()));
}
