import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type Tag = Schemas["Tag"];
export type Suggestion = Schemas["TagSuggestion"];

/** Every tag, the newest first. */
export function tagsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "tags", "list"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/tags", { params: { path: { project } } }))).items,
  });
}

/** A free name and notes to begin with, from the drafts merged since the last tag. */
export function suggestionQuery(project: string, ref: string) {
  return queryOptions({
    queryKey: key(project, "tags", "next", ref),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/next-tag", { params: { path: { project }, query: { ref } } }),
      ),
    staleTime: 0,
    gcTime: 0,
  });
}

export function useCreateTag(project: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; ref: string; notes: string }) =>
      take(client.POST("/api/v1/projects/{project}/tags", { params: { path: { project } }, body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: [project, "tags"] }),
  });
}

export function useDeleteTag(project: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (name: string) =>
      client.DELETE("/api/v1/projects/{project}/tags/{name}", { params: { path: { project, name } } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [project, "tags"] }),
  });
}

/** From a commit to the names it was given; none until they are known. */
export function useTagNames(project: string): (sha: string) => string[] {
  const tags = useQuery(tagsQuery(project)).data ?? [];
  return (sha) => tags.filter((tag) => tag.commit === sha).map((tag) => tag.name);
}

/** For each tag, the one made before it; none for the oldest. Tags come newest first. */
export function previousOf(tags: Tag[], index: number): Tag | undefined {
  return tags.slice(index + 1).find((tag) => tag.commit !== tags[index]?.commit);
}
