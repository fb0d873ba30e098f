import { queryOptions, useQuery } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import { plural } from "@/lib/format";

/** Requests that apps logged in the last 24 hours, by environment. */
function trafficQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "logs", "traffic"),
    queryFn: async () => {
      const call = client.GET("/api/v1/projects/{project}/logs/facets", { params: { path: { project } } });
      return new Map((await take(call)).environment.map((facet) => [facet.value, facet.count]));
    },
    staleTime: 60_000,
  });
}

/** How many requests of the last 24 hours an environment answered; undefined until it is known. */
export function useTraffic(project: string, environment: string): number | undefined {
  const found = useQuery(trafficQuery(project)).data;
  return found && (found.get(environment) ?? 0);
}

/** For a sentence: "1,240 requests in the last 24 hours". */
export function trafficInWords(requests: number): string {
  return requests === 0
    ? "no logged requests in the last 24 hours"
    : `${plural(requests, "request")} in the last 24 hours`;
}
