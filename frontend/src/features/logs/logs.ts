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

/** All bars of a histogram over the range that was asked for, also the empty ones: x in Unix seconds. */
export function bars(
  found: Histogram,
  asked: Record<string, string>,
  now = Date.now(),
): { x: number[]; ok: number[]; errors: number[] } {
  const byTime = new Map(found.items.map((item) => [Date.parse(item.at) / 1000, item]));
  const times = [...byTime.keys()];
  const first = times[0];
  if (first === undefined) return { x: [], ok: [], errors: [] };
  const onGrid = (at: number) => first + Math.floor((at - first) / found.step) * found.step;
  const from = asked["from"] ? onGrid(Date.parse(asked["from"]) / 1000) : first;
  const to = onGrid((asked["to"] ? Date.parse(asked["to"]) : now) / 1000);
  const x: number[] = [];
  for (let at = Math.min(from, ...times); at <= Math.max(to, ...times) && x.length < 2000; at += found.step)
    x.push(at);
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
