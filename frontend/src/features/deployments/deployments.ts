import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { plural } from "@/lib/format";

type Schemas = components["schemas"];
export type Deployment = Schemas["Deployment"];
export type DeploymentDetail = Schemas["DeploymentDetail"];
export type Environment = Schemas["Environment"];
export type Change = Schemas["ChangedPath"];
export type Moment = Schemas["Live"];
export type ScheduledDeploy = Schemas["ScheduledDeploy"];
export type Preview = Schemas["DeployPreview"];
export type Promotion = Schemas["PromotionPreview"];

const PAGE = "100";
const of = (project: string, environment: string) => ({ path: { project, environment } });

/** The environments in their order, each with what is live. */
export function environmentsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "deployments", "environments"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/environments", { params: { path: { project } } })))
        .items,
  });
}

/** From an environment's slug to its name; the slug itself until names are known. */
export function useEnvironmentNames(project: string): (slug: string) => string {
  const environments = useQuery(environmentsQuery(project)).data;
  return (slug) => environments?.find((item) => item.slug === slug)?.name ?? slug;
}

/** Every deployment, newest first, in pages. */
export function deploymentsQuery(project: string) {
  return infiniteQueryOptions({
    queryKey: key(project, "deployments", "list"),
    initialPageParam: "",
    queryFn: ({ pageParam: cursor }) =>
      take(
        client.GET("/api/v1/projects/{project}/deployments", {
          params: { path: { project }, query: { limit: PAGE, ...(cursor ? { cursor } : {}) } },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
}

export function deploymentQuery(project: string, number: number) {
  return queryOptions({
    queryKey: key(project, "deployments", "one", number),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/deployments/{number}", {
          params: { path: { project, number } },
        }),
      ),
  });
}

/** What making a commit live would change, and what stands in its way. */
export function previewQuery(project: string, environment: string, commit: string) {
  return queryOptions({
    queryKey: key(project, "deployments", "preview", environment, commit),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/environments/{environment}/preview", {
          params: { ...of(project, environment), query: { commit } },
        }),
      ),
    staleTime: 0,
  });
}

/** What was live in each environment at a moment (ISO 8601). */
export function liveQuery(project: string, at: string) {
  return queryOptions({
    queryKey: key(project, "deployments", "live", at),
    queryFn: async () =>
      (
        await take(
          client.GET("/api/v1/projects/{project}/live", { params: { path: { project }, query: { at } } }),
        )
      ).items,
  });
}

interface Act {
  environment: string;
  note: string;
  /** The number of the deployment that the person saw live; null when nothing was. */
  expected: number | null;
}

export function useDeploy(project: string) {
  const fresh = useFresh(project);
  return useMutation({
    mutationFn: ({ environment, ...body }: Act & { commit: string }) =>
      take(
        client.POST("/api/v1/projects/{project}/environments/{environment}/deployments", {
          params: of(project, environment),
          body,
        }),
      ),
    onSettled: fresh,
  });
}

export function useRollBack(project: string) {
  const fresh = useFresh(project);
  return useMutation({
    mutationFn: ({ environment, ...body }: Act & { to: number }) =>
      take(
        client.POST("/api/v1/projects/{project}/environments/{environment}/rollback", {
          params: of(project, environment),
          body,
        }),
      ),
    onSettled: fresh,
  });
}

function useFresh(project: string) {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: [project, "deployments"] });
}

/** "In spite of the freeze: a customer is down". */
export function overrideInWords({
  lifts,
  reason,
}: Pick<Schemas["OverrideReason"], "lifts" | "reason">): string {
  const what = lifts.map((each) => (each === "frozen" ? "the freeze" : "a missing check")).join(" and ");
  return `In spite of ${what}: ${reason}`;
}

/** "3 files change" and the like, for a sentence. */
export function changesInWords(changes: Change[]): string {
  if (changes.length === 0) return "no file changes";
  return `${plural(changes.length, "file")} ${changes.length === 1 ? "changes" : "change"}`;
}

/** The prompts that an environment served at a moment (left out: now), with their texts. */
export function servedQuery(project: string, at: string | undefined, environment: string) {
  return queryOptions({
    queryKey: key(project, "deployments", "served", at, environment),
    queryFn: async () =>
      (
        await take(
          client.GET("/api/v1/projects/{project}/live", {
            params: { path: { project }, query: { ...(at ? { at } : {}), environment, texts: true } },
          }),
        )
      ).items[0]?.prompts ?? [],
  });
}

/** A local date and time as <input type="datetime-local"> has it, from an ISO time, and back. */
export function toLocalInput(iso: string, length = 16): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, length);
}

export function fromLocalInput(text: string): string | null {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** "I agree that this commit goes live there." */
export function useApproveGoLive(project: string, environment: string, done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (commit: string) =>
      take(
        client.POST("/api/v1/projects/{project}/environments/{environment}/approvals", {
          params: { path: { project, environment } },
          body: { commit },
        }),
      ),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: [project, "deployments"] });
      done();
    },
  });
}

/** What is scheduled, the newest first. */
export function scheduledQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "deployments", "scheduled"),
    queryFn: async () =>
      (
        await take(
          client.GET("/api/v1/projects/{project}/scheduled-deploys", {
            params: { path: { project }, query: { limit: PAGE } },
          }),
        )
      ).items,
  });
}

export function useSchedule(project: string) {
  const fresh = useFresh(project);
  return useMutation({
    mutationFn: ({ environment, ...body }: Schemas["NewScheduledDeployRequest"] & { environment: string }) =>
      take(
        client.POST("/api/v1/projects/{project}/environments/{environment}/scheduled-deploys", {
          params: of(project, environment),
          body,
        }),
      ),
    onSuccess: fresh,
  });
}

export function useCancelScheduled(project: string) {
  const fresh = useFresh(project);
  return useMutation({
    mutationFn: (scheduled: number) =>
      take(
        client.DELETE("/api/v1/projects/{project}/scheduled-deploys/{scheduled}", {
          params: { path: { project, scheduled } },
        }),
      ),
    onSettled: fresh,
  });
}

/** What promoting to an environment would change, and what stands in its way. */
export function promotionQuery(project: string, environment: string) {
  return queryOptions({
    queryKey: key(project, "deployments", "promotion", environment),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/environments/{environment}/promotion", {
          params: of(project, environment),
        }),
      ),
    staleTime: 0,
  });
}

interface Promote extends Act {
  commit: string;
  /** The number of the source's rules, when they go along, and of the target's that they take the place of. */
  rules?: number;
  expected_rules?: number | null;
}

export function usePromote(project: string) {
  const queries = useQueryClient();
  const fresh = useFresh(project);
  return useMutation({
    mutationFn: ({ environment, ...body }: Promote) =>
      take(
        client.POST("/api/v1/projects/{project}/environments/{environment}/promotion", {
          params: of(project, environment),
          body,
        }),
      ),
    onSettled: () => Promise.all([fresh(), queries.invalidateQueries({ queryKey: [project, "rules"] })]),
  });
}

export const OVERRIDE_MINUTES = 30;
export type Lift = "frozen" | "checks_missing";

/** An owner's word that one deploy of a commit by them goes ahead. */
export function useOverride(project: string, environment: string) {
  const fresh = useFresh(project);
  return useMutation({
    mutationFn: (body: { commit: string; reason: string; lifts: Lift[] }) =>
      take(
        client.POST("/api/v1/projects/{project}/environments/{environment}/overrides", {
          params: of(project, environment),
          body: { ...body, minutes: OVERRIDE_MINUTES },
        }),
      ),
    onSuccess: fresh,
  });
}
