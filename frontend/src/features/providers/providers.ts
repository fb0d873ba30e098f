import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { toast, toastProblem } from "@/ui/Toast";

export type Provider = components["schemas"]["Provider"];
export type ModelEntry = components["schemas"]["ModelEntryRequest"];

/** What the form asks for; models one a line: id, then the prices of a million tokens in and out. */
export interface Filled {
  slug: string;
  name: string;
  base_url: string;
  key: string;
  models: string;
  /** "" : no adapters are loaded there. */
  driver: "" | "vllm";
  adapters_root: string;
  /** One address a line. */
  replicas: string;
}

export function providersQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "providers", "list"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/providers", { params: { path: { project } } })))
        .items,
  });
}

export function useSave(project: string, provider: Provider | null, onSaved: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ slug, name, base_url, key: secret, models, driver, ...filled }: Filled) => {
      const adapters_root = driver ? filled.adapters_root.trim() : "";
      const replicas = driver ? readLines(filled.replicas) : [];
      const body = { name, base_url, models: readModels(models), driver, adapters_root, replicas };
      if (provider) {
        return client.PATCH("/api/v1/projects/{project}/providers/{provider}", {
          params: { path: { project, provider: provider.slug } },
          body: { ...body, ...(secret ? { key: secret } : {}) },
        });
      }
      return client.POST("/api/v1/projects/{project}/providers", {
        params: { path: { project } },
        body: { ...body, slug, key: secret },
      });
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [project, "providers"] });
      void queries.invalidateQueries({ queryKey: [project, "adapters"] });
      toast("Saved");
      onSaved();
    },
  });
}

export function useTry(project: string) {
  return useMutation({
    mutationFn: (provider: string) =>
      take(
        client.POST("/api/v1/projects/{project}/providers/{provider}/try", {
          params: { path: { project, provider } },
        }),
      ),
    onSuccess: ({ models, adapters }) => {
      const refused = adapters.find((one) => !one.ok);
      if (refused) toast("It answers, but loads no adapters", { detail: refused.detail, tone: "bad" });
      else
        toast("It answers", {
          detail: [offerSaid(models), ...adapters.slice(0, 1).map((one) => one.detail)].join(" "),
        });
    },
    onError: toastProblem,
  });
}

/** Asks an endpoint as the form says it, before it is saved. */
export function useTrial(project: string, provider: Provider | null) {
  return useMutation({
    mutationFn: ({ base_url, key: secret, driver, adapters_root, replicas }: Filled) =>
      take(
        client.POST("/api/v1/projects/{project}/provider-trials", {
          params: { path: { project } },
          body: {
            base_url,
            driver,
            adapters_root: driver ? adapters_root.trim() : "",
            replicas: driver ? readLines(replicas) : [],
            ...(provider ? { provider: provider.slug } : {}),
            ...(secret ? { key: secret } : {}),
          },
        }),
      ),
  });
}

export function useRemove(project: string, onRemoved: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (provider: string) =>
      client.DELETE("/api/v1/projects/{project}/providers/{provider}", {
        params: { path: { project, provider } },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [project, "providers"] });
      onRemoved();
    },
  });
}

/** "It offers gpt-4o, gpt-4o-mini." */
export function offerSaid(models: string[]): string {
  return models.length ? `It offers ${models.slice(0, 8).join(", ")}.` : "It names no models.";
}

/** "gpt-4o 2.50 10" a line -> the models with their prices; a line without prices has none. */
export function readModels(text: string): ModelEntry[] {
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([id]) => id)
    .map(([id = "", input, output]) => ({
      id,
      input_price: input ?? null,
      output_price: output ?? null,
    }));
}

/** Lines that say something. */
export function readLines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

export function writeModels(models: ModelEntry[]): string {
  return models
    .map(({ id, input_price: input, output_price: output }) =>
      [id, input, output].filter((part) => part !== null && part !== undefined).join(" "),
    )
    .join("\n");
}
