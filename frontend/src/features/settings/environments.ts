import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import type { Environment } from "@/features/deployments/deployments";
import { plural } from "@/lib/format";

type Schemas = components["schemas"];
export type Freeze = Schemas["Freeze"];
export type EnvironmentChange = Schemas["PatchedEnvironmentChangeRequest"];
export type NewFreeze = Schemas["NewFreezeRequest"];

const at = (project: string) => ({ params: { path: { project } } });
const of = (project: string, environment: string) => ({ params: { path: { project, environment } } });

export function freezesQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "freezes"),
    queryFn: async () => (await take(client.GET("/api/v1/projects/{project}/freezes", at(project)))).items,
  });
}

/** One environment, with what goes when it is removed. */
export function environmentQuery(project: string, environment: string) {
  return queryOptions({
    queryKey: key(project, "deployments", "environment", environment),
    queryFn: () =>
      take(client.GET("/api/v1/projects/{project}/environments/{environment}", of(project, environment))),
    staleTime: 0,
  });
}

function useFreshen(project: string, done?: () => void) {
  const queries = useQueryClient();
  return async () => {
    await Promise.all(
      ["deployments", "freezes"].map((noun) => queries.invalidateQueries({ queryKey: [project, noun] })),
    );
    done?.();
  };
}

export function useAddEnvironment(project: string, done: () => void) {
  return useMutation({
    mutationFn: (body: Schemas["NewEnvironmentRequest"]) =>
      take(client.POST("/api/v1/projects/{project}/environments", { ...at(project), body })),
    onSuccess: useFreshen(project, done),
  });
}

export function useChangeEnvironment(project: string, environment: string, done: () => void) {
  return useMutation({
    mutationFn: (body: EnvironmentChange) =>
      take(
        client.PATCH("/api/v1/projects/{project}/environments/{environment}", {
          ...of(project, environment),
          body,
        }),
      ),
    onSuccess: useFreshen(project, done),
  });
}

export function useOrderEnvironments(project: string) {
  return useMutation({
    mutationFn: (order: string[]) =>
      take(client.PUT("/api/v1/projects/{project}/environment-order", { ...at(project), body: { order } })),
    onSuccess: useFreshen(project),
  });
}

export function useRemoveEnvironment(project: string, environment: string, done: () => void) {
  return useMutation({
    mutationFn: (confirm: string) =>
      take(
        client.DELETE("/api/v1/projects/{project}/environments/{environment}", {
          params: { path: { project, environment }, query: { confirm } },
        }),
      ),
    onSuccess: useFreshen(project, done),
  });
}

export function useDropEnvironmentCheck(project: string, environment: string) {
  return useMutation({
    mutationFn: (check: number) =>
      take(
        client.DELETE("/api/v1/projects/{project}/environments/{environment}/checks/{check}", {
          params: { path: { project, environment, check } },
        }),
      ),
    onSuccess: useFreshen(project),
  });
}

export function useAddFreeze(project: string, done: () => void) {
  return useMutation({
    mutationFn: (body: NewFreeze) =>
      take(client.POST("/api/v1/projects/{project}/freezes", { ...at(project), body })),
    onSuccess: useFreshen(project, done),
  });
}

export function useRemoveFreeze(project: string, done: () => void) {
  return useMutation({
    mutationFn: (freeze: number) =>
      take(
        client.DELETE("/api/v1/projects/{project}/freezes/{freeze}", {
          params: { path: { project, freeze } },
        }),
      ),
    onSuccess: useFreshen(project, done),
  });
}

const ROLES: Record<string, string> = {
  editor: "editors, maintainers or owners",
  maintainer: "maintainers or owners",
  owner: "owners",
};

/** What an environment asks for before something goes live in it, one sentence each; none of its own checks. */
export function demands(environment: Environment, before: string | undefined): string[] {
  const told: string[] = [];
  if (environment.guarded) told.push("The checks that a merge requires must have passed.");
  if (environment.required_approvals > 0) {
    const role = environment.approver_role ?? "";
    const whom = [
      ...environment.approvers.map((person) => person.name),
      ...(role ? [ROLES[role] ?? role] : []),
    ];
    const own = environment.own_approval_counts ? "" : "; who deploys does not count";
    told.push(
      `${plural(environment.required_approvals, "approval")} of ${whom.join(", ") || "nobody yet"}${own}.`,
    );
  }
  if (environment.soak_hours !== null && before) {
    const hours = environment.soak_hours ? ` for at least ${plural(environment.soak_hours, "hour")}` : "";
    told.push(`Only what was live in ${before}${hours}.`);
  }
  return told;
}
