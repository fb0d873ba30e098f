import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { useDraftAct } from "../drafts";

/** Letters that a browser still sends for a page that closes. */
const MOST_KEPT = 40_000;

type Schemas = components["schemas"];
export type UnsavedText = Schemas["TextItem"];
export type TextState = Schemas["TextState"];

const at = (project: string, number: number) => ({ params: { path: { project, number } } });
const of = (project: string, number: number, text: number) => ({
  params: { path: { project, number, text } },
});

/** The files of a draft with unsaved changes, and whose they are. */
export function textsQuery(project: string, number: number) {
  return queryOptions({
    queryKey: key(project, "texts", number),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/drafts/{number}/texts", at(project, number)))).items,
  });
}

/** The calls that a shared text makes. */
export function textCalls(project: string, number: number) {
  return {
    open: (path: string, content?: string): Promise<TextState> =>
      take(
        client.POST("/api/v1/projects/{project}/drafts/{number}/texts", {
          ...at(project, number),
          body: { path, content: content ?? null },
        }),
      ),
    pull: (text: number, vector: string): Promise<TextState> =>
      take(
        client.GET("/api/v1/projects/{project}/drafts/{number}/texts/{text}", {
          params: { path: { project, number, text }, query: { vector } },
        }),
      ),
    send: (text: number, update: string) =>
      take(
        client.POST("/api/v1/projects/{project}/drafts/{number}/texts/{text}", {
          ...of(project, number, text),
          body: { update },
          keepalive: update.length < MOST_KEPT,
        }),
      ),
    mark: (text: number, deleted: boolean) =>
      take(
        client.POST("/api/v1/projects/{project}/drafts/{number}/texts/{text}", {
          ...of(project, number, text),
          body: { deleted },
        }),
      ),
    discard: (paths: string[]) =>
      take(
        client.POST("/api/v1/projects/{project}/drafts/{number}/texts/discard", {
          ...at(project, number),
          body: { paths },
        }),
      ),
  };
}

/** The same calls; what is unsaved is asked again after each of them. */
export function useTextCalls(project: string, number: number) {
  const queries = useQueryClient();
  const { open, mark, discard } = textCalls(project, number);
  const fresh = async <T>(call: Promise<T>): Promise<T> => {
    const answer = await call;
    await queries.invalidateQueries({ queryKey: textsQuery(project, number).queryKey });
    return answer;
  };
  return {
    open: (path: string, content: string) => fresh(open(path, content)),
    mark: (text: number, deleted: boolean) => fresh(mark(text, deleted)),
    discard: (paths: string[]) => fresh(discard(paths)),
  };
}

export type TextCalls = ReturnType<typeof textCalls>;

/** One commit of what is unsaved: of all files, or of `paths` only. */
export function useSaveTexts(project: string, number: number, done: () => void) {
  const queries = useQueryClient();
  return useDraftAct(
    project,
    (body: { message: string; paths?: string[] }) =>
      take(
        client.POST("/api/v1/projects/{project}/drafts/{number}/texts/save", {
          ...at(project, number),
          body,
        }),
      ),
    () => {
      void queries.invalidateQueries({ queryKey: textsQuery(project, number).queryKey });
      done();
    },
  );
}

/** "prompts/triage.prompt by Edda Lind and Max Roth". */
export function told(item: UnsavedText): string {
  const names = together(item.writers.map((writer) => writer.name));
  return `${item.path}${item.deleted ? " (deleted)" : ""}${names ? ` by ${names}` : ""}`;
}

/** "Edda Lind", "Edda Lind and Max Roth", "Edda Lind, Max Roth and Olga Peters". */
function together(names: string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
