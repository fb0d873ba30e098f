import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import type { ProblemItem } from "@/api/problem";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import type { RuleDocument } from "./document";

type Schemas = components["schemas"];
export type Preview = Schemas["RulesPreview"];
export type Tried = Schemas["RulesTried"];
export type RuleSet = Schemas["RuleSet"];
type Change = Schemas["RuleChange"];

/** The rules in force; `document` in the shape that the pages work on. */
export type InForce = Omit<Schemas["RulesInForce"], "document"> & { document: RuleDocument };

const of = (project: string, environment: string) => ({ path: { project, environment } });

export function rulesQuery(project: string, environment: string) {
  return queryOptions({
    queryKey: key(project, "rules", environment, "now"),
    queryFn: async () =>
      (await take(
        client.GET("/api/v1/projects/{project}/environments/{environment}/rules", {
          params: of(project, environment),
        }),
      )) as unknown as InForce,
  });
}

export function historyQuery(project: string, environment: string) {
  return queryOptions({
    queryKey: key(project, "rules", environment, "history"),
    queryFn: async () =>
      (
        await take(
          client.GET("/api/v1/projects/{project}/environments/{environment}/rules/history", {
            params: of(project, environment),
          }),
        )
      ).items,
  });
}

/** What is wrong with a document, and what it would change. */
export function checkQuery(project: string, environment: string, document: RuleDocument) {
  return queryOptions({
    queryKey: key(project, "rules", environment, "check", document),
    queryFn: () =>
      take(
        client.POST("/api/v1/projects/{project}/environments/{environment}/rules/check", {
          params: of(project, environment),
          body: { document },
        }),
      ),
    gcTime: 60_000,
  });
}

/** What the document would have given the requests of the last hours. */
export function previewQuery(project: string, environment: string, document: RuleDocument, hours: number) {
  return queryOptions({
    queryKey: key(project, "rules", environment, "preview", hours, document),
    queryFn: () =>
      take(
        client.POST("/api/v1/projects/{project}/environments/{environment}/rules/preview", {
          params: of(project, environment),
          body: { document, hours },
        }),
      ),
    gcTime: 60_000,
  });
}

/** Fields for rules to look at: those of the contexts that previews found in the logs, and the caller's key. */
export function useKnownFields(project: string, environment: string): string[] {
  const seen = useQueryClient().getQueriesData<Preview>({
    queryKey: key(project, "rules", environment, "preview"),
  });
  const known = seen.flatMap(([, found]) => found?.known.map(({ name }) => name) ?? []);
  return [...new Set(["targetingKey", ...known])];
}

export function useTry(project: string, environment: string) {
  return useMutation({
    mutationFn: (body: { document: RuleDocument; context: unknown }) =>
      take(
        client.POST("/api/v1/projects/{project}/environments/{environment}/rules/try", {
          params: of(project, environment),
          body,
        }),
      ),
  });
}

interface Save {
  document: RuleDocument;
  note: string;
  /** The number of the rules that the person began from; null when there were none. */
  expected: number | null;
}

export function useSave(project: string, environment: string) {
  const fresh = useFresh(project, environment);
  return useMutation({
    mutationFn: (body: Save) =>
      take(
        client.POST("/api/v1/projects/{project}/environments/{environment}/rules", {
          params: of(project, environment),
          body,
        }),
      ),
    onSuccess: fresh,
  });
}

export function useRestore(project: string, environment: string) {
  const fresh = useFresh(project, environment);
  return useMutation({
    mutationFn: (body: { to: number; note: string; expected: number | null }) =>
      take(
        client.POST("/api/v1/projects/{project}/environments/{environment}/rules/restore", {
          params: of(project, environment),
          body,
        }),
      ),
    onSuccess: fresh,
  });
}

/** Waits for the rules that are in force now; what is counted over them comes in its own time. */
function useFresh(project: string, environment: string) {
  const queries = useQueryClient();
  return async () => {
    void queries.invalidateQueries({ queryKey: [project, "rules"] });
    await queries.refetchQueries(
      { queryKey: rulesQuery(project, environment).queryKey },
      { cancelRefetch: false },
    );
  };
}

/** "pro added, beta changed" of the changes of a save. */
export function changesInWords(changes: Change[]): string {
  const words: Record<Change["change"], string> = {
    ...{ added: "added", removed: "removed", changed: "changed", moved: "moved" },
    ...{ enabled: "switched on", disabled: "switched off" },
  };
  return changes
    .map(({ key, change }) => `${key.replace("$evaluators/", "group ")} ${words[change]}`)
    .join(", ");
}

/** The faults at one rule or segment: those whose place lies below it. */
export function faultsAt(faults: ProblemItem[], part: "flags" | "$evaluators", name: string): ProblemItem[] {
  const place = `/${part}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  return faults.filter(({ where }) => where === place || where.startsWith(`${place}/`));
}

/** The faults that concern no single rule or segment. */
export function otherFaults(faults: ProblemItem[]): ProblemItem[] {
  return faults.filter(({ where }) => !/^\/(flags|\$evaluators)\/[^/]/.test(where));
}
