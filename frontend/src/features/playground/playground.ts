import { queryOptions } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";

export type Answer = components["schemas"]["PlaygroundAnswer"];

/** What one side runs: which text of the prompt, on which model, with which settings. Empty: as the prompt says. */
export interface Variant {
  /** "text" is what stands in the editor; else a branch or commit. */
  source: string;
  model: string;
  temperature: string;
  max_output_tokens: string;
}

export function modelsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "providers", "models"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/models", { params: { path: { project } } }))).items,
  });
}

interface Ask {
  project: string;
  path: string;
  refName: string;
  text: string | undefined;
  variant: Variant;
  variables: Record<string, unknown>;
}

/** Runs one side. Throws ApiProblem: 422 the prompt or a variable, 400 or 502 the model. */
export function run({ project, path, refName, text, variant, variables }: Ask): Promise<Answer> {
  const fromText = variant.source === "text" && text !== undefined;
  return take(
    client.POST("/api/v1/projects/{project}/playground", {
      params: { path: { project } },
      body: {
        path,
        ref: variant.source === "text" ? refName : variant.source,
        ...(fromText ? { source: text } : {}),
        variables,
        model: variant.model,
        config: configOf(variant),
      },
    }),
  );
}

/** The settings that were typed; a side without any runs with the prompt's own. */
export function configOf(variant: Variant): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const name of ["temperature", "max_output_tokens"] as const) {
    const typed = variant[name].trim();
    if (typed !== "") config[name] = Number.isNaN(Number(typed)) ? typed : Number(typed);
  }
  return config;
}
