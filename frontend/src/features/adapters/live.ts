import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { toastProblem } from "@/ui/Toast";

type Schemas = components["schemas"];
export type LiveAdapter = Schemas["LiveAdapter"];
export type AdapterPlace = Schemas["AdapterPlace"];
export type AdapterNaming = Schemas["AdapterNaming"];
export type AdapterExport = Schemas["AdapterExport"];
export type Format = Schemas["NewAdapterExportRequest"]["format"];

const LOOK_MS = 15_000;
const POLL_MS = 1_500;

/** Versions of adapters that environments name, with where each is loaded now. No folder: all of the project. */
export function liveQuery(project: string, folder = "") {
  return queryOptions({
    queryKey: key(project, "adapters", "live", folder),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/adapters/live", {
          params: { path: { project }, query: folder ? { folder } : {} },
        }),
      ),
    refetchInterval: LOOK_MS,
  });
}

/** The newest exports of an adapter; asked again while one is under way. */
export function exportsQuery(project: string, folder: string) {
  return queryOptions({
    queryKey: key(project, "adapters", "exports", folder),
    queryFn: async () =>
      (
        await take(
          client.GET("/api/v1/projects/{project}/adapters/exports", {
            params: { path: { project }, query: { folder } },
          }),
        )
      ).items,
    refetchInterval: (query) => (query.state.data?.some(isUnderWay) ? POLL_MS : false),
  });
}

export function useExport(project: string, folder: string, ref: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (format: Format) =>
      take(
        client.POST("/api/v1/projects/{project}/adapters/exports", {
          params: { path: { project } },
          body: { folder, ref, format },
        }),
      ),
    onError: toastProblem,
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: [project, "jobs"] });
      return queries.invalidateQueries({ queryKey: [project, "adapters", "exports"] });
    },
  });
}

export function isUnderWay({ job }: AdapterExport): boolean {
  return job.state === "queued" || job.state === "running";
}

/** Where the browser fetches an export's file. */
export function fileAddress(project: string, number: number): string {
  return `/api/v1/projects/${project}/adapters/exports/${number}/file`;
}

export const FORMATS: { format: Format; title: string; detail: string }[] = [
  {
    format: "merged",
    title: "Merged model",
    detail: "Base and adapter in one folder, for transformers and vLLM. Large: full precision.",
  },
  {
    format: "gguf",
    title: "Merged GGUF",
    detail: "Base and adapter in one file, for llama.cpp and the like.",
  },
  { format: "gguf-lora", title: "GGUF adapter", detail: "The adapter alone, for llama.cpp's --lora. Small." },
];

const HOW = { live: "live in", rollback: "kept for a roll-back of", rule: "given by a rule in" } as const;

/** "live in production, kept for a roll-back of dev" */
export function saidOf(namings: AdapterNaming[]): string {
  return namings.map(({ how, environment }) => `${HOW[how]} ${environment}`).join(", ");
}

/** "2 loaded, 380 of 1,536 MB" */
export function memorySaid({ loaded, used, memory }: Schemas["AdapterMemory"]): string {
  const mb = (bytes: number) => Math.round(bytes / 2 ** 20).toLocaleString("en");
  return `${loaded || "none"} loaded, ${mb(used)} of ${mb(memory)} MB`;
}

const STATES = {
  loaded: { state: "ok", word: "loaded" },
  on_demand: { state: "pending", word: "loads when asked" },
  missing: { state: "pending", word: "being loaded" },
  failed: { state: "failed", word: "not loaded" },
  away: { state: "inconclusive", word: "no answer" },
} as const;

/** The badge's state and word for a place. */
export function badgeOf(place: AdapterPlace): { state: string; word: string } {
  return STATES[place.state];
}
