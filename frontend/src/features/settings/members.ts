import { queryOptions } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import type { Role } from "@/api/session";

export type Member = components["schemas"]["Member"];

export const ROLE_OPTIONS: { value: Role; label: string; may: string }[] = [
  { value: "viewer", label: "Viewer", may: "reads everything" },
  { value: "editor", label: "Editor", may: "opens and edits drafts, comments, imports data, starts jobs" },
  {
    value: "maintainer",
    label: "Maintainer",
    may: "also approves, merges, deploys, sets up models and alerts",
  },
  { value: "owner", label: "Owner", may: "also manages people, keys and settings" },
];

export function membersQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "members"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/members", { params: { path: { project } } }))).items,
  });
}
