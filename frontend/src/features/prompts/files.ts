import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import type { IconName } from "@/ui/Icon";

type Schemas = components["schemas"];
export type FileEntry = Schemas["FileEntry"];
export type FileContent = Schemas["File"];
export type Kind = FileEntry["kind"];
export type Commit = Schemas["Commit"];
export type FileDiff = Schemas["FileDiff"];
export type FileProblem = Schemas["FileProblem"];

export const MAIN = "main";

/** What a prompt says of itself (`overview` of a prompt). */
export interface PromptOverview {
  name: string;
  description: string | null;
  model: string | null;
  config: Record<string, unknown>;
  input_schema: JsonSchema | null;
  defaults: Record<string, unknown>;
  variables: string[];
  adapter: string | null;
  output: { format: string | null; schema: JsonSchema | null };
}

export interface JsonSchema {
  type?: string | string[];
  description?: string;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  required?: string[];
  enum?: unknown[];
  additionalProperties?: boolean | JsonSchema;
}

export const KINDS: Record<Kind, { one: string; many: string; icon: IconName }> = {
  prompt: { one: "Prompt", many: "Prompts", icon: "comment" },
  config: { one: "Config", many: "Configs", icon: "settings" },
  schema: { one: "Schema", many: "Schemas", icon: "check" },
  adapter: { one: "Adapter", many: "Adapters", icon: "training" },
  suite: { one: "Suite", many: "Suites", icon: "evaluation" },
  doc: { one: "Document", many: "Documents", icon: "file" },
  other: { one: "File", many: "Files", icon: "file" },
};

export function filesQuery(project: string, ref: string) {
  return queryOptions({
    queryKey: key(project, "files", "list", ref),
    queryFn: () =>
      take(client.GET("/api/v1/projects/{project}/files", { params: { path: { project }, query: { ref } } })),
  });
}

export function fileQuery(project: string, ref: string, path: string) {
  return queryOptions({
    queryKey: key(project, "files", "one", ref, path),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/file", {
          params: { path: { project }, query: { ref, path } },
        }),
      ),
  });
}

export function commitsQuery(project: string, ref: string, path?: string) {
  return infiniteQueryOptions({
    queryKey: key(project, "files", "commits", ref, path ?? ""),
    initialPageParam: "",
    queryFn: ({ pageParam: cursor }) =>
      take(
        client.GET("/api/v1/projects/{project}/commits", {
          params: {
            path: { project },
            query: { ref, ...(path ? { path } : {}), ...(cursor ? { cursor } : {}) },
          },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
}

export function commitQuery(project: string, sha: string) {
  return queryOptions({
    queryKey: key(project, "files", "commit", sha),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/commits/{sha}", {
          params: { path: { project, sha }, query: { texts: true, comparisons: true } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function compareQuery(project: string, base: string, head: string) {
  return queryOptions({
    queryKey: key(project, "files", "compare", base, head),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/compare", {
          params: { path: { project }, query: { base, head, texts: true, comparisons: true } },
        }),
      ),
  });
}

/** The messages of a prompt, by its path or as it stands in an editor (`source`). */
export function renderQuery(
  project: string,
  ask: { path: string; ref: string; source?: string | undefined; variables: Record<string, unknown> },
) {
  return queryOptions({
    queryKey: key(project, "files", "render", ask),
    queryFn: () =>
      take(client.POST("/api/v1/projects/{project}/render", { params: { path: { project } }, body: ask })),
    placeholderData: keepPreviousData,
    retry: false,
  });
}

/** Where a file's page is; `ref` is left out for main. */
export function fileLink(project: string, path: string, ref: string = MAIN) {
  return {
    to: "/p/$project/files/$",
    params: { project, _splat: path },
    search: ref === MAIN ? {} : { ref },
  };
}

/** "prompts/support/reply.prompt" -> ["prompts/support/", "reply.prompt"]. */
export function splitPath(path: string): [string, string] {
  const at = path.lastIndexOf("/") + 1;
  return [path.slice(0, at), path.slice(at)];
}
