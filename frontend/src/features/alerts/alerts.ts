import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type Alert = Schemas["Alert"];
export type Rule = Schemas["AlertRule"];
export type RuleFields = Schemas["AlertRuleFieldsRequest"];
export type Figures = Schemas["AlertFigures"];
export type Preview = Schemas["AlertPreview"];
export type Channel = Schemas["Channel"];
export type Delivery = Schemas["Delivery"];

const PAGE = 50;

/** The firing ones (few), or the resolved ones in pages, newest first. */
export function alertsQuery(project: string, state: "firing" | "resolved") {
  return infiniteQueryOptions({
    queryKey: key(project, "alerts", state),
    initialPageParam: "",
    queryFn: ({ pageParam: cursor }) =>
      take(
        client.GET("/api/v1/projects/{project}/alerts", {
          params: { path: { project }, query: { state, limit: PAGE, ...(cursor ? { cursor } : {}) } },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
}

export function alertQuery(project: string, alert: number) {
  return queryOptions({
    queryKey: key(project, "alerts", "one", alert),
    queryFn: () =>
      take(client.GET("/api/v1/projects/{project}/alerts/{alert}", { params: { path: { project, alert } } })),
  });
}

/** Rules with what their last evaluation found; asked again every 15 seconds, for evaluations send no message. */
export function rulesQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "alert_rules", "list"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/alert-rules", { params: { path: { project } } })))
        .items,
    refetchInterval: 15_000,
  });
}

/** What a rule would find now. */
export function previewQuery(project: string, fields: RuleFields) {
  return queryOptions({
    queryKey: key(project, "alert_rules", "preview", fields),
    queryFn: ({ signal }) =>
      take(
        client.POST("/api/v1/projects/{project}/alert-rules/preview", {
          params: { path: { project } },
          body: fields,
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    refetchInterval: 15_000,
    retry: false,
  });
}

export function channelsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "channels", "list"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/channels", { params: { path: { project } } })))
        .items,
  });
}

/** A channel's messages, newest first; asked again while one waits. */
export function deliveriesQuery(project: string, channel: number) {
  return queryOptions({
    queryKey: key(project, "channels", "deliveries", channel),
    queryFn: async () =>
      (
        await take(
          client.GET("/api/v1/projects/{project}/channels/{channel}/deliveries", {
            params: { path: { project, channel }, query: { limit: 20 } },
          }),
        )
      ).items,
    refetchInterval: (query) =>
      query.state.data?.some((delivery) => delivery.state === "waiting") ? 2_000 : false,
  });
}

/** The names that the scope of a rule may take: prompts seen in the last week, environments, metrics. */
export function namesQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "alert_names"),
    queryFn: async () => {
      const params = { params: { path: { project } } };
      const from = new Date(Date.now() - 7 * 86_400_000).toISOString();
      const [facets, environments, metrics] = await Promise.all([
        take(
          client.GET("/api/v1/projects/{project}/logs/facets", {
            params: { path: { project }, query: { from } },
          }),
        ),
        take(client.GET("/api/v1/projects/{project}/environments", params)),
        take(client.GET("/api/v1/projects/{project}/metrics", params)),
      ]);
      return {
        prompts: facets.prompt.map((facet) => facet.value),
        environments: environments.items.map((item) => ({ value: item.slug, label: item.name })),
        metrics: [
          ...metrics.items.map((item) => ({ value: item.slug, label: item.name })),
          { value: "user-feedback", label: "User feedback" },
        ],
      };
    },
  });
}

/** An act on alerts, rules or channels; freshens all three, since they show each other. */
export function useAct<Input, Output>(project: string, act: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSettled: () =>
      Promise.all(
        ["alerts", "alert_rules", "channels"].map((noun) =>
          queries.invalidateQueries({ queryKey: [project, noun] }),
        ),
      ),
  });
}

export function useAcknowledge(project: string) {
  return useAct(project, (alert: number) =>
    take(
      client.POST("/api/v1/projects/{project}/alerts/{alert}/acknowledge", {
        params: { path: { project, alert } },
      }),
    ),
  );
}

export function useSilence(project: string) {
  return useAct(project, ({ rule, minutes }: { rule: number; minutes: number }) =>
    take(
      client.POST("/api/v1/projects/{project}/alert-rules/{rule}/silence", {
        params: { path: { project, rule } },
        body: { minutes },
      }),
    ),
  );
}

export function useTestChannel(project: string) {
  return useAct(project, (channel: number) =>
    take(
      client.POST("/api/v1/projects/{project}/channels/{channel}/test", {
        params: { path: { project, channel } },
      }),
    ),
  );
}
