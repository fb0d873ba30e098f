import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call, client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type Dataset = Schemas["Dataset"];
export type Version = Schemas["VersionDetail"];
export type Profile = Schemas["Profile"];
export type Row = Schemas["Row"];
export type Upload = Schemas["Upload"];
export type Mapping = { input: string[]; expected: string | null; tags: string[] };

/** What the server says of an uploaded file. */
export interface Preview {
  format: string;
  encoding: string;
  delimiter: string;
  header: boolean;
  native: boolean;
  columns: { name: string; type: string; missing: number; distinct: number }[];
  mapping: Mapping | null;
  rows: { line: number; values: Record<string, unknown> }[];
  row_count: number;
  complete: boolean;
  labels: { label: string; count: number }[];
  warnings: { line: number; code: string; detail: string }[];
}

/** How the person says the file is to be read; what is left out is guessed. */
export interface Reading {
  format?: string;
  encoding?: string;
  delimiter?: string;
  header?: boolean;
}

export const PAGE = 200;

export function datasetsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "datasets"),
    queryFn: async () =>
      (
        await take(
          client.GET("/api/v1/projects/{project}/datasets", {
            params: { path: { project }, query: { limit: "200" } },
          }),
        )
      ).items,
  });
}

export function datasetQuery(project: string, dataset: string) {
  return queryOptions({
    queryKey: key(project, "datasets", dataset),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/datasets/{dataset}", {
          params: { path: { project, dataset } },
        }),
      ),
  });
}

export function versionsQuery(project: string, dataset: string) {
  return queryOptions({
    queryKey: key(project, "datasets", dataset, "versions"),
    queryFn: async () =>
      (
        await take(
          client.GET("/api/v1/projects/{project}/datasets/{dataset}/versions", {
            params: { path: { project, dataset }, query: { limit: "200" } },
          }),
        )
      ).items,
  });
}

export function versionQuery(project: string, dataset: string, version: string) {
  return queryOptions({
    queryKey: key(project, "datasets", dataset, "version", version),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/datasets/{dataset}/versions/{version}", {
          params: { path: { project, dataset, version } },
        }),
      ),
  });
}

export interface RowFilter {
  q?: string;
  label?: string;
  tag?: string;
}

export function rowsQuery(project: string, dataset: string, version: string, filter: RowFilter) {
  return infiniteQueryOptions({
    queryKey: key(project, "datasets", dataset, "rows", version, filter),
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      take(
        client.GET("/api/v1/projects/{project}/datasets/{dataset}/versions/{version}/rows", {
          params: {
            path: { project, dataset, version },
            query: { limit: PAGE, ...filter, ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
}

export function sendFile(project: string, file: File): Promise<Upload> {
  const form = new FormData();
  form.append("file", file);
  return call<Upload>(`/api/v1/projects/${project}/uploads`, { method: "POST", body: form });
}

export function previewQuery(project: string, upload: string, reading: Reading) {
  return queryOptions({
    queryKey: key(project, "uploads", upload, reading),
    queryFn: () =>
      call<Preview>(`/api/v1/projects/${project}/uploads/${upload}/preview`, {
        query: { ...reading },
      }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

/** What a version came from, in a few words. */
export function sourceWords(source: Record<string, unknown>): string {
  const file = source["file"] as { filename?: unknown } | undefined;
  if (typeof file?.filename === "string" && file.filename) return file.filename;
  const note = source["note"];
  if (typeof note === "string" && note) return note;
  return typeof source["kind"] === "string" ? source["kind"] : "";
}

/** A cell of any JSON value, as one line. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
