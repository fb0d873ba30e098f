import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { client, take } from "@/api/client";
import type { LiveMessage } from "@/api/live";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { formatNumber, formatPercent } from "@/lib/format";

type Schemas = components["schemas"];
export type Evaluation = Schemas["Evaluation"];
export type EvaluationDetail = Schemas["EvaluationDetail"];
export type Summary = Schemas["Summary"];
export type Comparison = Schemas["PairedComparison"];
export type Figure = Schemas["Figure"];
export type Result = Schemas["Result"];
export type Rule = Schemas["SuiteRule"];

/** Which rows of an evaluation are looked at; `metric` is what wrong, failed, gained and lost speak of. */
export type Show = "all" | "wrong" | "errors" | "failed" | "gained" | "lost" | "changed";

export interface ResultFilter {
  show: Show;
  metric?: string;
  q?: string;
  label?: string;
}

/** What is evaluated: main when none is given. */
export interface Subject {
  draft?: number;
  commit?: string;
}

interface ListFilter {
  suite?: string | undefined;
  draft?: string | undefined;
}

export function evaluationsQuery(project: string, filter: ListFilter) {
  return infiniteQueryOptions({
    queryKey: key(project, "evaluations", "list", filter),
    initialPageParam: "",
    queryFn: ({ pageParam: cursor }) =>
      take(
        client.GET("/api/v1/projects/{project}/evaluations", {
          params: {
            path: { project },
            query: {
              ...(filter.suite ? { suite: filter.suite } : {}),
              ...(filter.draft ? { draft: Number(filter.draft) } : {}),
              ...(cursor ? { cursor } : {}),
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
}

export function evaluationQuery(project: string, number: number) {
  return queryOptions({
    queryKey: key(project, "evaluations", number),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/evaluations/{number}", {
          params: { path: { project, number } },
        }),
      ),
  });
}

export function resultsQuery(project: string, number: number, filter: ResultFilter) {
  return infiniteQueryOptions({
    queryKey: key(project, "evaluations", number, "results", filter),
    initialPageParam: "",
    queryFn: ({ pageParam: cursor, signal }) =>
      take(
        client.GET("/api/v1/projects/{project}/evaluations/{number}/results", {
          params: {
            path: { project, number },
            query: { limit: 100, ...filter, ...(cursor ? { cursor } : {}) },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

export function resultQuery(project: string, number: number, index: number) {
  return queryOptions({
    queryKey: key(project, "evaluations", number, "result", index),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/evaluations/{number}/results/{index}", {
          params: { path: { project, number, index } },
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

export function planQuery(project: string, suite: string, subject: Subject) {
  return queryOptions({
    queryKey: key(project, "suites", suite, "plan", subject),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/suites/{suite}/plan", {
          params: { path: { project, suite }, query: subject },
        }),
      ),
    retry: false,
  });
}

export function useStart(project: string, done: (evaluation: EvaluationDetail) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ suite, subject, baseline }: { suite: string; subject: Subject; baseline: string }) =>
      take(
        client.POST("/api/v1/projects/{project}/suites/{suite}/evaluations", {
          params: { path: { project, suite } },
          body: { ...subject, baseline },
        }),
      ),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: [project, "evaluations"] });
      void queries.invalidateQueries({ queryKey: [project, "jobs"] });
      done(made);
    },
  });
}

/** An evaluation with the progress that a live message tells, or the same when the message is about another job. */
export function withProgress<Item extends Evaluation>(item: Item, message: LiveMessage): Item {
  if (message.subject?.kind !== "job" || message.subject.id !== String(item.number)) return item;
  const state = message.kind.split(".")[1] ?? item.state;
  if (state !== "progress") return { ...item, state };
  return { ...item, state: "running", done: Number(message.data["done"]) };
}

export function isOver(evaluation: Evaluation): boolean {
  return !["queued", "running"].includes(evaluation.state);
}

/** What a badge shows: the verdict once there is one, else how the job stands. */
export function stateOf(evaluation: Evaluation): string {
  if (evaluation.state === "failed" || evaluation.state === "cancelled") return evaluation.state;
  if (evaluation.verdict) return evaluation.verdict;
  return isOver(evaluation) ? "pending" : evaluation.state;
}

/** Where the prompt stood: "draft #3", "main", or a commit. */
export function subjectWords(evaluation: Evaluation): string {
  if (evaluation.draft !== null) return `draft #${evaluation.draft}`;
  return evaluation.on_main ? "main" : `commit ${evaluation.commit.slice(0, 7)}`;
}

/** The metric that a person looks at first: that of the first rule against main, or else the first. */
export function headlineOf(evaluation: EvaluationDetail): string | undefined {
  const ruled = evaluation.rules.find((rule) => rule.kind === "not_worse") ?? evaluation.rules[0];
  return ruled?.metric ?? evaluation.metrics[0]?.slug;
}

/** A difference of shares in percentage points, with its sign: "+3.1". */
export function points(value: number): string {
  return `${value > 0 ? "+" : ""}${formatNumber(value * 100, 1)}`;
}

/** A share in a table's column: always one digit, so that the points stand below each other. */
export function tablePercent(share: number): string {
  return `${formatNumber(share * 100, 1)} %`;
}

/** A rule in words. */
export function ruleWords(rule: Rule): string {
  return rule.kind === "at_least"
    ? `${rule.metric} is at least ${formatPercent(rule.value ?? 0)}`
    : `${rule.metric} is not worse than main by more than ${formatNumber((rule.margin ?? 0) * 100)} points`;
}

/** A row's input as one line. */
export function inputText(input: Record<string, unknown>): string {
  const values = Object.values(input).map(cellText);
  return values.join(" · ");
}

/** A value of any JSON kind as text. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A link to an evaluation's page. */
export function evaluationLink(project: string, number: number, search: Record<string, unknown> = {}) {
  return {
    to: "/p/$project/evaluations/$number",
    params: { project, number: String(number) },
    search,
  } as const;
}
