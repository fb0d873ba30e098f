import { queryOptions } from "@tanstack/react-query";
import { call, client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type Dashboard = Schemas["Dashboard"];
export type Series = Schemas["Series"];
export type MetricScores = Schemas["MetricScores"];
export type SamplingRule = Schemas["SamplingRule"];
export type Named = Pick<Series, "kind" | "commit">;

/** What the page shows, as it stands in the address. */
export interface QualitySearch {
  environment?: string;
  prompt?: string;
  /** "commit" splits every figure. */
  split?: string;
  /** How far back; or a brushed range in from and to. */
  range?: string;
  from?: string;
  to?: string;
}

export const RANGES = [
  { value: "24h", label: "Last 24 hours", hours: 24 },
  { value: "7d", label: "Last 7 days", hours: 168 },
  { value: "30d", label: "Last 30 days", hours: 720 },
  { value: "90d", label: "Last 90 days", hours: 2160 },
];

const NAMES = ["environment", "prompt", "split", "range", "from", "to"] as const;
const REFRESH_MS = 15_000;

/** The address's search, with nothing in it that is not known. */
export function readSearch(search: Record<string, unknown>): QualitySearch {
  const found: Record<string, string> = {};
  for (const name of NAMES) {
    const value = search[name];
    if (value !== undefined && value !== null && value !== "") found[name] = String(value);
  }
  return found;
}

/** The question as the API takes it. `now` is cut to the minute, so that the same page asks the same question. */
export function question(search: QualitySearch, now = new Date()): Record<string, string> {
  const asked: Record<string, string> = {};
  if (search.environment) asked["environment"] = search.environment;
  if (search.prompt) asked["prompt"] = search.prompt;
  if (search.split === "commit") asked["group"] = "commit";
  if (search.from && search.to) return { ...asked, from: search.from, to: search.to };
  const hours = RANGES.find((item) => item.value === (search.range ?? "7d"))?.hours ?? 168;
  const minute = Math.floor(now.getTime() / 60_000) * 60_000;
  return { ...asked, from: new Date(minute - hours * 3_600_000).toISOString() };
}

export function qualityQuery(project: string, asked: Record<string, string>) {
  return queryOptions({
    queryKey: key(project, "quality", asked),
    queryFn: ({ signal }) => call<Dashboard>(`/api/v1/projects/${project}/quality`, { query: asked, signal }),
    refetchInterval: REFRESH_MS,
  });
}

export function rulesQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "sampling_rules"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/sampling-rules", { params: { path: { project } } })))
        .items,
  });
}

export function metricsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "metrics"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/metrics", { params: { path: { project } } }))).items,
  });
}

/** "All requests", a short commit, "No commit named", "Other commits". */
export function nameOf({ kind, commit }: Named): string {
  if (kind === "all") return "All requests";
  if (kind === "other") return "Other commits";
  return commit ? commit.slice(0, 8) : "No commit named";
}

/** What is drawn: the commits when the figures are split, else the whole. */
export function drawn<S extends Named>(series: readonly S[]): S[] {
  const parts = series.filter((one) => one.kind !== "all");
  return parts.length > 0 ? parts : [...series];
}
