import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type Draft = Schemas["DraftDetail"];
export type DraftItem = Schemas["DraftItem"];
export type Comment = Schemas["Comment"];
export type Approval = Schemas["Approval"];
export type Check = Schemas["Check"];
export type Verdict = Approval["verdict"];

/** Changed files by path; null deletes one. */
export type Files = Record<string, string | null>;

interface Filter {
  state: string;
  author?: string | undefined;
  path?: string | undefined;
}

const at = (project: string, number: number) => ({ params: { path: { project, number } } });

export function draftsQuery(project: string, filter: Filter) {
  return queryOptions({
    queryKey: key(project, "drafts", "few", filter),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/drafts", {
          params: { path: { project }, query: sent(filter) },
        }),
      ),
  });
}

export function draftPagesQuery(project: string, filter: Filter) {
  return infiniteQueryOptions({
    queryKey: key(project, "drafts", "list", filter),
    initialPageParam: "",
    queryFn: ({ pageParam: cursor }) =>
      take(
        client.GET("/api/v1/projects/{project}/drafts", {
          params: { path: { project }, query: { ...sent(filter), ...(cursor ? { cursor } : {}) } },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
}

function sent({ state, author, path }: Filter) {
  return { state, ...(author ? { author } : {}), ...(path ? { path } : {}) };
}

export function draftQuery(project: string, number: number) {
  return queryOptions({
    queryKey: key(project, "drafts", number),
    queryFn: () => take(client.GET("/api/v1/projects/{project}/drafts/{number}", at(project, number))),
  });
}

export function draftDiffQuery(project: string, draft: Draft) {
  const { base_commit, head_commit, number } = draft;
  return queryOptions({
    queryKey: key(project, "drafts", number, "diff", base_commit, head_commit),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/drafts/{number}/diff", {
          params: { path: { project, number }, query: { texts: true, comparisons: true } },
        }),
      ),
  });
}

export function commentsQuery(project: string, number: number) {
  return queryOptions({
    queryKey: key(project, "drafts", number, "comments"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/drafts/{number}/comments", at(project, number))))
        .items,
  });
}

export function versionsQuery(project: string, number: number) {
  return queryOptions({
    queryKey: key(project, "drafts", number, "versions"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/drafts/{number}/commits", at(project, number))))
        .items,
  });
}

export function verdictsQuery(project: string, number: number) {
  return queryOptions({
    queryKey: key(project, "drafts", number, "verdicts"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/drafts/{number}/approvals", at(project, number))))
        .items,
  });
}

/** Freshens what a change to a draft can have touched. */
function useFreshen(project: string) {
  const queries = useQueryClient();
  return () => {
    void queries.invalidateQueries({ queryKey: [project, "drafts"] });
    void queries.invalidateQueries({ queryKey: [project, "files"] });
  };
}

/** A write whose answer is the draft as it is afterwards. */
export function useDraftAct<Input>(
  project: string,
  run: (input: Input) => Promise<Draft>,
  done?: (draft: Draft) => void,
) {
  const queries = useQueryClient();
  const freshen = useFreshen(project);
  return useMutation({
    mutationFn: run,
    onSuccess: (draft) => {
      queries.setQueryData(draftQuery(project, draft.number).queryKey, draft);
      freshen();
      done?.(draft);
    },
  });
}

export function useOpenDraft(project: string, done: (draft: Draft) => void) {
  return useDraftAct(
    project,
    (body: { title: string; description?: string; files?: Files; base?: string }) =>
      take(
        client.POST("/api/v1/projects/{project}/drafts", {
          params: { path: { project } },
          body: { description: "", base: "main", ...body },
        }),
      ),
    done,
  );
}

export function useChangeDraft(project: string, number: number, done: () => void) {
  return useDraftAct(
    project,
    (body: { title: string; description: string; version: number }) =>
      take(client.PATCH("/api/v1/projects/{project}/drafts/{number}", { ...at(project, number), body })),
    done,
  );
}

export function useReview(project: string, number: number, done: (draft: Draft) => void) {
  return useDraftAct(
    project,
    (body: { verdict: Verdict; commit: string; body: string }) =>
      take(
        client.POST("/api/v1/projects/{project}/drafts/{number}/approvals", { ...at(project, number), body }),
      ),
    done,
  );
}

export function useMerge(project: string, number: number, done: (draft: Draft) => void) {
  return useDraftAct(
    project,
    (body: { expected_head: string }) =>
      take(client.POST("/api/v1/projects/{project}/drafts/{number}/merge", { ...at(project, number), body })),
    done,
  );
}

/** Close an open draft, or take a closed one up again. */
export function useEnd(project: string, number: number, done: (draft: Draft) => void) {
  return useDraftAct(
    project,
    (act: "close" | "reopen") =>
      act === "close"
        ? take(client.POST("/api/v1/projects/{project}/drafts/{number}/close", at(project, number)))
        : take(client.POST("/api/v1/projects/{project}/drafts/{number}/reopen", at(project, number))),
    done,
  );
}

interface NewComment {
  body: string;
  parent?: number;
  path?: string;
  side?: "old" | "new";
  line?: number;
  commit?: string;
}

export function useAddComment(project: string, number: number, done: () => void) {
  const freshen = useFreshen(project);
  return useMutation({
    mutationFn: (body: NewComment) =>
      take(
        client.POST("/api/v1/projects/{project}/drafts/{number}/comments", {
          ...at(project, number),
          body: { path: "", side: "", commit: "", ...body },
        }),
      ),
    onSuccess: () => {
      freshen();
      done();
    },
  });
}

export function useChangeComment(project: string, number: number, done?: () => void) {
  const freshen = useFreshen(project);
  return useMutation({
    mutationFn: ({ id, ...body }: { id: number; body?: string; resolved?: boolean }) =>
      take(
        client.PATCH("/api/v1/projects/{project}/drafts/{number}/comments/{comment}", {
          params: { path: { project, number, comment: id } },
          body,
        }),
      ),
    onSuccess: () => {
      freshen();
      done?.();
    },
  });
}

/** Where a draft's page is. */
export function draftLink(project: string, number: number, tab?: string) {
  return {
    to: "/p/$project/drafts/$number",
    params: { project, number: String(number) },
    search: tab ? { tab } : {},
  };
}

/** A thread: a comment and its replies. */
export interface Thread {
  root: Comment;
  replies: Comment[];
}

export function threadsOf(comments: Comment[]): Thread[] {
  const roots = comments.filter((comment) => comment.parent === null);
  return roots.map((root) => ({ root, replies: comments.filter((comment) => comment.parent === root.id) }));
}

/** Where a draft stands, in one word for a badge. */
export function reviewState(draft: DraftItem): string {
  if (draft.objection_count > 0) return "changes requested";
  return draft.approval_count >= draft.required_approvals ? "approved" : "pending";
}
