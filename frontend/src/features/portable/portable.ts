import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { call, client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { toastProblem } from "@/ui/Toast";

type Schemas = components["schemas"];
export type Export = Schemas["Export"];
export type ProjectImport = Schemas["Import"];

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

/** Sends the file; the answer is the import that has begun. */
export function useImport() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ file, slug, name }: { file: File; slug: string; name: string }) => {
      const body = new FormData();
      body.set("file", file);
      if (slug) body.set("slug", slug);
      if (name) body.set("name", name);
      return call<ProjectImport>("/api/v1/imports", { method: "POST", body });
    },
    onSuccess: (begun) => {
      queries.setQueryData(importQuery(begun.id).queryKey, begun);
      return queries.invalidateQueries({ queryKey: importsQuery.queryKey });
    },
  });
}

const NOTHING = "";
const POLL_MS = 1_000;

export function isUnderWay(found: ProjectImport | undefined): boolean {
  return found?.state === "queued" || found?.state === "running";
}

/** The signed-in person's newest imports. */
export const importsQuery = queryOptions({
  queryKey: key(NOTHING, "imports"),
  queryFn: async () => (await take(client.GET("/api/v1/imports"))).items,
});

/** One import, asked for again and again while it is under way: a project that is not yet here has no live stream. */
export function importQuery(number: number) {
  return queryOptions({
    queryKey: key(NOTHING, "imports", number),
    queryFn: () => take(client.GET("/api/v1/imports/{number}", { params: { path: { number } } })),
    refetchInterval: ({ state }) => (isUnderWay(state.data) ? POLL_MS : false),
  });
}

export function useCancelImport() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (number: number) =>
      take(client.POST("/api/v1/imports/{number}/cancel", { params: { path: { number } } })),
    onSuccess: (found) => queries.setQueryData(importQuery(found.id).queryKey, found),
    onError: toastProblem,
  });
}

/** Removes what is left of one that failed or was cancelled. */
export function useForgetImport() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (number: number) =>
      take(client.DELETE("/api/v1/imports/{number}", { params: { path: { number } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: importsQuery.queryKey }),
    onError: toastProblem,
  });
}
