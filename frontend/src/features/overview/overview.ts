import { queryOptions } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { formatCost, formatDuration, formatNumber, formatPercent } from "@/lib/format";

type Schemas = components["schemas"];
export type Quality = Schemas["Dashboard"];

/** The last seven days of one environment, from hourly sums. */
export function weekQuery(project: string, environment: string) {
  return queryOptions({
    queryKey: key(project, "quality", "week", environment),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/quality", {
          params: { path: { project }, query: { environment } },
        }),
      ),
    refetchInterval: 60_000,
  });
}

/** One figure of an environment's health: over the week, and by hour. */
export interface Figure {
  name: string;
  value: number | null;
  format: (value: number) => string;
  values: (number | null)[];
  n: number;
  interval?: [number, number];
}

/** Score of the first metric (when anything was scored), errors, latency and cost. */
export function figuresOf(quality: Quality): Figure[] {
  const all = quality.series.find((item) => item.kind === "all");
  if (!all) return [];
  const { requests: n, error_rate, latency_p50, cost } = all.whole;
  return [
    ...scoreOf(quality),
    { name: "Errors", value: error_rate, format: formatPercent, values: all.error_rate, n },
    { name: "Latency, median", value: latency_p50, format: formatDuration, values: all.latency_p50, n },
    { name: "Cost", value: cost, format: formatCost, values: all.cost, n },
  ];
}

function scoreOf(quality: Quality): Figure[] {
  const metric = quality.scores.find((item) =>
    item.series.some((one) => one.kind === "all" && one.whole.n > 0),
  );
  const series = metric?.series.find((one) => one.kind === "all");
  if (!metric || !series) return [];
  const { mean, low, high, n } = series.whole;
  const interval = low !== null && high !== null ? { interval: [low, high] as [number, number] } : {};
  return [
    {
      name: metric.name,
      value: mean,
      format: (value) => formatNumber(value, 2),
      values: series.mean,
      n,
      ...interval,
    },
  ];
}

/** The steps in which something was deployed. */
export function deployedAt(quality: Quality, environment: string): number[] {
  const since = new Date(quality.since).getTime();
  return quality.deployments
    .filter((item) => item.environment === environment)
    .map((item) => Math.floor((new Date(item.at).getTime() - since) / 1000 / quality.step))
    .filter((step) => step >= 0 && step < quality.times.length);
}
