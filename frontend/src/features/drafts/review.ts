import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { type Comment, type Draft, useDraftAct } from "./drafts";

type Schemas = components["schemas"];
export type Desk = Schemas["Desk"];
export type Waiting = Schemas["Waiting"];
export type Mention = Schemas["Mention"];
export type Need = Schemas["Need"];

const at = (project: string, number: number) => ({ params: { path: { project, number } } });

/** Why a draft waits for somebody, in words. */
export const WHY: Record<Waiting["why"], string> = {
  asked: "asked",
  changed: "changed since you looked",
  needed: "your approval counts",
};

/** What waits for the signed-in person, their own open drafts, and where they are named: one answer for every page. */
export function deskQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "drafts", "desk"),
    queryFn: () => take(client.GET("/api/v1/projects/{project}/reviews", { params: { path: { project } } })),
  });
}

export function useApplySuggestions(project: string, number: number, done: () => void) {
  return useDraftAct(
    project,
    (comments: number[]) =>
      take(
        client.POST("/api/v1/projects/{project}/drafts/{number}/suggestions", {
          ...at(project, number),
          body: { comments },
        }),
      ),
    done,
  );
}

export function useAskReviewer(project: string, number: number, done: (draft: Draft) => void) {
  return useDraftAct(
    project,
    (user: number) =>
      take(
        client.POST("/api/v1/projects/{project}/drafts/{number}/reviewers", {
          ...at(project, number),
          body: { users: [user] },
        }),
      ),
    done,
  );
}

export function useDropReviewer(project: string, number: number) {
  return useDraftAct(project, (user: number) =>
    take(
      client.DELETE("/api/v1/projects/{project}/drafts/{number}/reviewers/{user}", {
        params: { path: { project, number, user } },
      }),
    ),
  );
}

export function useDeleteComment(project: string, number: number) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (comment: number) =>
      client.DELETE("/api/v1/projects/{project}/drafts/{number}/comments/{comment}", {
        params: { path: { project, number, comment } },
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [project, "drafts"] }),
  });
}

/** The suggestions that can be taken up now. */
export function openSuggestions(comments: Comment[]): Comment[] {
  return comments.filter((comment) => comment.suggestion_state === "open" && comment.resolved_at === null);
}
