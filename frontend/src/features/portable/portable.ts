import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { call, client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { projectsQuery } from "@/api/session";

type Schemas = components["schemas"];
export type Export = Schemas["Export"];

/** The newest exports, and what none of them holds. */
export function exportsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "exports"),
    queryFn: () => take(client.GET("/api/v1/projects/{project}/exports", { params: { path: { project } } })),
  });
}

export function useExport(project: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () =>
      take(client.POST("/api/v1/projects/{project}/exports", { params: { path: { project } } })),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: [project, "jobs"] });
      return queries.invalidateQueries({ queryKey: [project, "exports"] });
    },
  });
}

/** Where the browser fetches an export's file. */
export function fileAddress(project: string, number: number): string {
  return `/api/v1/projects/${project}/exports/${number}/file`;
}

export function useImport() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ file, slug, name }: { file: File; slug: string; name: string }) => {
      const body = new FormData();
      body.set("file", file);
      if (slug) body.set("slug", slug);
      if (name) body.set("name", name);
      return call<Schemas["ImportedProject"]>("/api/v1/imports", { method: "POST", body });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: projectsQuery.queryKey }),
  });
}
