import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call, client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type Log = Schemas["Log"];
export type WholeLog = Schemas["WholeLog"];
type LogPage = Schemas["LogPage"];
type Histogram = Schemas["Histogram"];
type Facets = Schemas["Facets"];

const PAGE = 100;

export function logsQuery(project: string, filter: Record<string, string>) {
  return infiniteQueryOptions({
    queryKey: key(project, "logs", "list", filter),
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      call<LogPage>(`/api/v1/projects/${project}/logs`, {
        query: { ...filter, limit: PAGE, cursor: pageParam },
        signal,
      }),
    getNextPageParam: (page) => page.next,
  });
}

export function histogramQuery(project: string, filter: Record<string, string>) {
  return queryOptions({
    queryKey: key(project, "logs", "histogram", filter),
    queryFn: ({ signal }) =>
      call<Histogram>(`/api/v1/projects/${project}/logs/histogram`, { query: filter, signal }),
  });
}

export function facetsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "logs", "facets"),
    queryFn: () => call<Facets>(`/api/v1/projects/${project}/logs/facets`),
  });
}

export function logQuery(project: string, log: string) {
  return queryOptions({
    queryKey: key(project, "logs", "one", log),
    queryFn: () =>
      take(client.GET("/api/v1/projects/{project}/logs/{log}", { params: { path: { project, log } } })),
  });
}

/** All bars of a histogram, also the empty ones, for a chart: x in Unix seconds. */
export function bars(found: Histogram): { x: number[]; ok: number[]; errors: number[] } {
  const byTime = new Map(found.items.map((item) => [Date.parse(item.at) / 1000, item]));
  const times = [...byTime.keys()];
  if (times.length === 0) return { x: [], ok: [], errors: [] };
  const x: number[] = [];
  for (let at = Math.min(...times); at <= Math.max(...times) && x.length < 2000; at += found.step) x.push(at);
  return {
    x,
    ok: x.map((at) => byTime.get(at)?.ok ?? 0),
    errors: x.map((at) => byTime.get(at)?.errors ?? 0),
  };
}

/** JSON or text, for reading. */
export function readable(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
