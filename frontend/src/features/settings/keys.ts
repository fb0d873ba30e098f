import { queryOptions } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";

export type ApiKey = components["schemas"]["ApiKey"];
export type Scope = components["schemas"]["ScopesEnum"];

export const SCOPES: { value: Scope; label: string; may: string }[] = [
  { value: "runtime", label: "Runtime", may: "fetch what is live, for applications" },
  { value: "logs", label: "Logs", may: "send logs, for applications" },
  { value: "gateway", label: "Gateway", may: "call models and prompts, for applications" },
  { value: "read", label: "Read", may: "everything that a viewer reads" },
  { value: "write", label: "Write", may: "what an editor does: drafts, data, jobs" },
  { value: "admin", label: "Admin", may: "what a maintainer does: merge, deploy" },
];

export const LIFETIMES = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "1 year" },
  { value: "", label: "Never expires" },
];

/** The moment some days from now, or null for never. */
export function expiryAfter(days: string, now = new Date()): string | null {
  if (!days) return null;
  return new Date(now.getTime() + Number(days) * 86_400_000).toISOString();
}

export function keysQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "keys"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/keys", { params: { path: { project } } }))).items,
  });
}
