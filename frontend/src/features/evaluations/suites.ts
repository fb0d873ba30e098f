import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type Suite = Schemas["Suite"];
export type Metric = Schemas["Metric"];
export type CodeFunction = Schemas["Function"];
export type MetricVerdict = Schemas["MetricVerdict"];
export type SuiteFields = Omit<Schemas["NewSuiteRequest"], "slug">;

/** One property of a config's JSON Schema, as far as the forms read it. */
export interface ConfigField {
  type: "boolean" | "integer" | "number" | "string" | "array" | "object";
  title?: string;
  default?: unknown;
  enum?: string[];
}

export function suitesQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "suites"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/suites", { params: { path: { project } } }))).items,
  });
}

export function suiteQuery(project: string, suite: string) {
  return queryOptions({
    queryKey: key(project, "suites", suite),
    queryFn: () =>
      take(client.GET("/api/v1/projects/{project}/suites/{suite}", { params: { path: { project, suite } } })),
  });
}

export function metricsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "metrics"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/metrics", { params: { path: { project } } }))).items,
  });
}

export function metricVersionsQuery(project: string, metric: string) {
  return queryOptions({
    queryKey: key(project, "metrics", metric, "versions"),
    queryFn: async () =>
      (
        await take(
          client.GET("/api/v1/projects/{project}/metrics/{metric}/versions", {
            params: { path: { project, metric } },
          }),
        )
      ).items,
  });
}

export function functionsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "metric-functions"),
    queryFn: () =>
      take(client.GET("/api/v1/projects/{project}/metric-functions", { params: { path: { project } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function modelsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "models"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/models", { params: { path: { project } } }))).items,
  });
}

/** Makes a suite, or changes the one that was loaded. */
export function useSaveSuite(project: string, before: Suite | undefined, done: (suite: Suite) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (fields: SuiteFields) =>
      before
        ? take(
            client.PATCH("/api/v1/projects/{project}/suites/{suite}", {
              params: { path: { project, suite: before.slug } },
              body: { ...fields, version: before.version },
            }),
          )
        : take(
            client.POST("/api/v1/projects/{project}/suites", {
              params: { path: { project } },
              body: { ...fields, slug: "" },
            }),
          ),
    onSuccess: async (suite) => {
      await queries.invalidateQueries({ queryKey: [project, "suites"] });
      done(suite);
    },
  });
}

export function useArchiveSuite(project: string, done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (suite: string) =>
      take(
        client.DELETE("/api/v1/projects/{project}/suites/{suite}", { params: { path: { project, suite } } }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [project, "suites"] });
      done();
    },
  });
}

export interface MetricFields {
  name: string;
  description: string;
  kind: "code" | "judge";
  function: string;
  config: Record<string, unknown>;
}

/** Makes a metric, or changes the one that was loaded; another config makes a new version. */
export function useSaveMetric(project: string, before: Metric | undefined, done: (metric: Metric) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ kind, ...fields }: MetricFields) =>
      before
        ? take(
            client.PATCH("/api/v1/projects/{project}/metrics/{metric}", {
              params: { path: { project, metric: before.slug } },
              body: { ...changed(kind, fields), version: before.version },
            }),
          )
        : take(
            client.POST("/api/v1/projects/{project}/metrics", {
              params: { path: { project } },
              body: { ...fields, kind, slug: "" },
            }),
          ),
    onSuccess: async (metric) => {
      await queries.invalidateQueries({ queryKey: [project, "metrics"] });
      done(metric);
    },
  });
}

/** A judge has no function to send. */
function changed(kind: string, { function: name, ...fields }: Omit<MetricFields, "kind">) {
  return kind === "code" ? { ...fields, function: name } : fields;
}

export function useArchiveMetric(project: string, done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (metric: string) =>
      take(
        client.DELETE("/api/v1/projects/{project}/metrics/{metric}", {
          params: { path: { project, metric } },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [project, "metrics"] });
      done();
    },
  });
}

export interface Trial {
  input: string;
  output: string;
  expected: string;
}

/** Judges one output by a metric as it is being edited; nothing is stored. */
export function useTrial(project: string) {
  return useMutation({
    mutationFn: ({ metric, trial }: { metric: MetricFields; trial: Trial }) =>
      take(
        client.POST("/api/v1/projects/{project}/metric-trials", {
          params: { path: { project } },
          body: {
            kind: metric.kind,
            function: metric.kind === "code" ? metric.function : "",
            config: metric.config,
            input: { text: trial.input },
            output: trial.output,
            expected: trial.expected || null,
          },
        }),
      ),
  });
}
