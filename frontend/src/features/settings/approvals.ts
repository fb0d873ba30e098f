import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type ApprovalRule = Schemas["ApprovalRule"];
export type NewRule = Schemas["NewApprovalRuleRequest"];
export type Owners = Schemas["Owners"];

const at = (project: string) => ({ params: { path: { project } } });

export function rulesQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "approval_rules"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/approval-rules", at(project)))).items,
  });
}

export function checksQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "checks", "required"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/required-checks", at(project)))).items,
  });
}

/** Who must approve a change of `path`, and the OWNERS file in all. */
export function ownersQuery(project: string, path: string) {
  return queryOptions({
    queryKey: key(project, "approval_rules", "owners", path),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/owners", {
          params: { path: { project }, query: path ? { path } : {} },
        }),
      ),
  });
}

function useFreshen(project: string) {
  const queries = useQueryClient();
  return () => {
    for (const noun of ["approval_rules", "checks", "deployments", "drafts"])
      void queries.invalidateQueries({ queryKey: [project, noun] });
  };
}

/** Makes a rule, or changes the one with this id. */
export function useSetRule(project: string, rule: number | undefined, done: () => void) {
  const freshen = useFreshen(project);
  return useMutation({
    mutationFn: (body: NewRule) =>
      rule === undefined
        ? take(client.POST("/api/v1/projects/{project}/approval-rules", { ...at(project), body }))
        : take(
            client.PUT("/api/v1/projects/{project}/approval-rules/{rule}", {
              params: { path: { project, rule } },
              body,
            }),
          ),
    onSuccess: () => {
      freshen();
      done();
    },
  });
}

export function useDropRule(project: string) {
  const freshen = useFreshen(project);
  return useMutation({
    mutationFn: (rule: number) =>
      client.DELETE("/api/v1/projects/{project}/approval-rules/{rule}", {
        params: { path: { project, rule } },
      }),
    onSuccess: freshen,
  });
}

/** Requires a check of every merge, or of what goes live in one environment. */
export function useRequireCheck(project: string, environment: string | undefined, done: () => void) {
  const freshen = useFreshen(project);
  return useMutation({
    mutationFn: (body: { name: string; path: string }) =>
      environment === undefined
        ? take(client.POST("/api/v1/projects/{project}/required-checks", { ...at(project), body }))
        : take(
            client.POST("/api/v1/projects/{project}/environments/{environment}/checks", {
              params: { path: { project, environment } },
              body,
            }),
          ),
    onSuccess: () => {
      freshen();
      done();
    },
  });
}

export function useDropCheck(project: string) {
  const freshen = useFreshen(project);
  return useMutation({
    mutationFn: (check: number) =>
      client.DELETE("/api/v1/projects/{project}/required-checks/{check}", {
        params: { path: { project, check } },
      }),
    onSuccess: freshen,
  });
}

/** Whose approval counts for a rule, in words. */
export function whose(rule: ApprovalRule): string {
  const roles: Record<string, string> = {
    editor: "anybody who may edit",
    maintainer: "maintainers and owners",
    owner: "owners",
  };
  const names = rule.people.map((person) => person.name);
  return [rule.role ? (roles[rule.role] ?? rule.role) : "", ...names].filter(Boolean).join(", ");
}
