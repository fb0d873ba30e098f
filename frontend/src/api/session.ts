import { queryOptions, useQuery } from "@tanstack/react-query";
import { client, take } from "./client";
import type { components } from "./schema";

export type Role = components["schemas"]["RoleEnum"];
export type Project = components["schemas"]["Project"];

/** From least to most. */
export const ROLES: Role[] = ["viewer", "editor", "maintainer", "owner"];

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: () => take(client.GET("/api/v1/session")),
  staleTime: Number.POSITIVE_INFINITY,
});

export const projectsQuery = queryOptions({
  queryKey: ["projects"],
  queryFn: async () => (await take(client.GET("/api/v1/projects"))).items,
});

/** The signed-in person; a 401 leads to the sign-in page by itself. */
export function useSession() {
  return useQuery(sessionQuery);
}

export function projectQuery(project: string) {
  return queryOptions({
    queryKey: [project, "project"],
    queryFn: () => take(client.GET("/api/v1/projects/{project}", { params: { path: { project } } })),
  });
}

/** Whether the signed-in person's role in the project includes `need`; false while it is not known. */
export function useCan(project: string, need: Role): boolean {
  const role = useQuery(projectQuery(project)).data?.role;
  return role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(need);
}
