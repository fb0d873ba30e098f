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
import { toast, toastProblem } from "@/ui/Toast";

type Schemas = components["schemas"];
export type FineTune = Schemas["Training"];
export type Point = Schemas["Point"];
export type Estimate = Schemas["EstimateAnswer"];

/** What the recipe wrote when it ended; empty before. */
export interface Result {
  examples: { trained: number; held_out: number; too_long: number };
  held_out_before: Measured | null;
  held_out_best: (Measured & { step: number }) | null;
  steps: number;
  steps_planned: number;
  stopped_early: boolean;
  tokens: number;
  seconds: number;
  measuring_seconds: number;
  tokens_per_second: number;
  peak_memory_mb: number;
  trained_weights: number;
  device: string;
  threads: number;
  starts: number;
}

interface Measured {
  val_loss: number;
  val_exact: number;
}

/** What the form asks for; parameters in the recipe's own names, typed ones as text. */
export interface Plan {
  dataset: string;
  version: string;
  base_model: string;
  prompt_path: string;
  bind_prompt: boolean;
  adapter_name: string;
  /** An adapter on main whose weights are the beginning; "" starts afresh. */
  start_from: string;
  params: Record<string, unknown>;
}

const at = (project: string, number: number) => ({ params: { path: { project, number } } });

export function fineTunesQuery(project: string) {
  return infiniteQueryOptions({
    queryKey: key(project, "training", "list"),
    initialPageParam: "",
    queryFn: ({ pageParam: cursor }) =>
      take(
        client.GET("/api/v1/projects/{project}/fine-tunes", {
          params: { path: { project }, query: cursor ? { cursor } : {} },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
}

export function fineTuneQuery(project: string, number: number) {
  return queryOptions({
    queryKey: key(project, "training", number),
    queryFn: () => take(client.GET("/api/v1/projects/{project}/fine-tunes/{number}", at(project, number))),
  });
}

export function pointsQuery(project: string, number: number) {
  return queryOptions({
    queryKey: key(project, "training", number, "points"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/fine-tunes/{number}/points", at(project, number))))
        .items,
  });
}

export function recipesQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "training", "recipes"),
    queryFn: () =>
      take(client.GET("/api/v1/projects/{project}/fine-tunes/recipes", { params: { path: { project } } })),
  });
}

export function estimateQuery(project: string, plan: Plan) {
  const { dataset, version, base_model, prompt_path } = plan;
  const body = { dataset, version, base_model, prompt_path, params: numbers(plan.params), recipe: "lora" };
  return queryOptions({
    queryKey: key(project, "training", "estimate", body),
    queryFn: () =>
      take(
        client.POST("/api/v1/projects/{project}/fine-tunes/estimate", {
          params: { path: { project } },
          body,
        }),
      ),
    enabled: dataset !== "",
    placeholderData: keepPreviousData,
    retry: false,
  });
}

export function useStart(project: string, onStarted: (made: FineTune) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (plan: Plan) =>
      take(
        client.POST("/api/v1/projects/{project}/fine-tunes", {
          params: { path: { project } },
          body: { ...plan, params: numbers(plan.params), recipe: "lora", title: "" },
        }),
      ),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: [project, "training"] });
      onStarted(made);
    },
  });
}

export function useCancel(project: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (number: number) =>
      take(client.POST("/api/v1/projects/{project}/fine-tunes/{number}/cancel", at(project, number))),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: [project, "training"] });
      toast("Cancelling; it stops at its next step", { tone: "neutral" });
    },
    onError: toastProblem,
  });
}

/** Typed parameters as numbers; what is no number stays as it is, and the server names it. */
export function numbers(params: Record<string, unknown>): Record<string, unknown> {
  const read = (value: unknown) =>
    typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))
      ? Number(value)
      : value;
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, read(value)]));
}

export function isOpen(tune: FineTune): boolean {
  return tune.state === "queued" || tune.state === "running";
}

/** The state for a badge: one that was asked to stop is "cancelling". */
export function shownState(tune: FineTune): string {
  return tune.cancel_requested && isOpen(tune) ? "cancelling" : tune.state;
}

export function resultOf(tune: FineTune): Result | null {
  const result = tune.result as Partial<Result> | null | undefined;
  return result?.examples ? (result as Result) : null;
}

/** "adapters/support/triage" -> "support/triage". */
export function adapterName(tune: Pick<FineTune, "adapter_path">): string {
  return tune.adapter_path.replace(/^adapters\//, "");
}

/** The curve with the steps that a live message brings; a step that is there already is replaced. */
export function withPoints(points: Point[], message: LiveMessage): Point[] {
  const news = (message.data["points"] ?? []) as Partial<Point>[];
  const known = new Map(points.map((point) => [point.step, point]));
  for (const point of news) known.set(point.step ?? 0, { ...EMPTY, ...point });
  return [...known.values()].sort((one, other) => one.step - other.step);
}

const EMPTY: Point = {
  step: 0,
  epoch: 0,
  loss: null,
  learning_rate: null,
  val_loss: null,
  val_exact: null,
  tokens: 0,
  seconds: 0,
};

/** Whether the live points leave a hole behind those that are shown (some were missed, or are not loaded yet). */
export function hasHole(points: Point[]): boolean {
  const last = points.at(-1);
  return last !== undefined && points.length < 2000 && points.length < last.step;
}

/** Wilson's 95 % interval of `right` out of `n`. */
export function wilson(right: number, n: number): [number, number] {
  const z = 1.96;
  const share = right / n;
  const middle = share + (z * z) / (2 * n);
  const half = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)];
}
