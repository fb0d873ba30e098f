import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { formatCost, formatNumber } from "@/lib/format";
import type { ShadowSearch } from "./routes";

type Schemas = components["schemas"];
export type Shadow = Schemas["Shadow"];
export type ShadowPair = Schemas["ShadowPair"];
export type NewShadow = Schemas["NewShadowRequest"];
export type Difference = Schemas["ShadowDifference"];
type Outcome = ShadowSearch["outcome"];

/** A project's shadows, newest first, in pages. */
export function shadowsQuery(project: string) {
  return infiniteQueryOptions({
    queryKey: key(project, "shadows", "list"),
    initialPageParam: "",
    queryFn: ({ pageParam: cursor }) =>
      take(
        client.GET("/api/v1/projects/{project}/shadows", {
          params: { path: { project }, query: cursor ? { cursor } : {} },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
}

export function shadowQuery(project: string, shadow: number) {
  return queryOptions({
    queryKey: key(project, "shadows", "one", shadow),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/shadows/{shadow}", {
          params: { path: { project, shadow } },
        }),
      ),
  });
}

export function pairsQuery(project: string, shadow: number, outcome: Outcome) {
  return infiniteQueryOptions({
    queryKey: key(project, "shadows", "pairs", shadow, outcome ?? ""),
    initialPageParam: "",
    queryFn: ({ pageParam: cursor }) =>
      take(
        client.GET("/api/v1/projects/{project}/shadows/{shadow}/pairs", {
          params: {
            path: { project, shadow },
            query: { ...(outcome ? { outcome } : {}), ...(cursor ? { cursor } : {}) },
          },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
}

/** The candidate's prompts beside those that are live. */
export function previewQuery(project: string, environment: string, commit: string) {
  return queryOptions({
    queryKey: key(project, "shadows", "preview", environment, commit),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/shadows/preview", {
          params: { path: { project }, query: { environment, commit } },
        }),
      ),
    retry: false,
  });
}

export function useStartShadow(project: string, done: (made: Shadow) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: NewShadow) =>
      take(client.POST("/api/v1/projects/{project}/shadows", { params: { path: { project } }, body })),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: [project, "shadows"] });
      done(made);
    },
  });
}

export function useChangeShadow(project: string, shadow: number) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (state: "running" | "paused" | "stopped") =>
      take(
        client.PATCH("/api/v1/projects/{project}/shadows/{shadow}", {
          params: { path: { project, shadow } },
          body: { state },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: [project, "shadows"] }),
  });
}

/** Whether it has ended for good. */
export const isOver = (shadow: Shadow) => shadow.state === "done" || shadow.state === "stopped";

/** The state as a badge shows it: the verdict once it is done. */
export const stateOf = (shadow: Shadow) =>
  shadow.state === "done" && shadow.figures ? shadow.figures.verdict : shadow.state;

/** What was spent of each limit, in words. */
export function spentInWords(shadow: Shadow): [string, string][] {
  const of = (spent: string, most: string | null) =>
    most === null ? `${spent}, no limit` : `${spent} of ${most}`;
  const number = (most: number | null) => (most === null ? null : formatNumber(most));
  const dollars = shadow.max_cost === null ? null : formatCost(shadow.max_cost);
  return [
    ["Dollars", `${of(formatCost(shadow.cost), dollars)} (judging ${formatCost(shadow.judge_cost)})`],
    ["Tokens", of(formatNumber(shadow.tokens), number(shadow.max_tokens))],
    ["Answers", of(formatNumber(shadow.answers), number(shadow.max_answers))],
  ];
}

/** Why requests were not answered again, for people. */
export const SKIPPED: Record<string, string> = {
  no_variables: "logged as messages only; another version of the prompt needs its variables",
  no_output: "no live answer to compare with",
  unfit: "a variable that the candidate's prompt or the judge's rubric needs is missing or in another form",
  gone: "no longer kept",
};
