import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { plural } from "@/lib/format";

type Schemas = components["schemas"];
export type Rollout = Schemas["Rollout"];
export type RolloutDetail = Schemas["RolloutDetail"];
export type Step = Schemas["RolloutStep"];
export type Guard = Schemas["Guard"];
export type StoryLine = Schemas["RolloutStory"];
export type State = Schemas["RolloutStateEnum"];
export type Act = "pause" | "resume" | "advance" | "abort" | "rollback";
export type NewRollout = Schemas["NewRolloutRequest"];
export type NewStep = Schemas["NewRolloutStepRequest"];
export type NewGuard = Schemas["NewGuardRequest"];
export type Measure = Schemas["GuardMeasureEnum"];

/** The newest rollouts of a project. */
export function rolloutsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "rollouts", "list"),
    queryFn: async () =>
      (
        await take(
          client.GET("/api/v1/projects/{project}/rollouts", {
            params: { path: { project }, query: { limit: "100" } },
          }),
        )
      ).items,
  });
}

export function rolloutQuery(project: string, number: number) {
  return queryOptions({
    queryKey: key(project, "rollouts", "one", number),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/rollouts/{number}", { params: { path: { project, number } } }),
      ),
  });
}

/** The names of the segments that an environment's rules define. */
export function segmentsQuery(project: string, environment: string) {
  return queryOptions({
    queryKey: key(project, "rules", environment, "segments"),
    queryFn: async () => {
      const found = await take(
        client.GET("/api/v1/projects/{project}/environments/{environment}/rules", {
          params: { path: { project, environment } },
        }),
      );
      return Object.keys((found.document["$evaluators"] ?? {}) as Record<string, unknown>);
    },
  });
}

export function useStart(project: string) {
  const fresh = useFresh(project);
  return useMutation({
    mutationFn: ({ environment, ...body }: NewRollout & { environment: string }) =>
      take(
        client.POST("/api/v1/projects/{project}/environments/{environment}/rollouts", {
          params: { path: { project, environment } },
          body,
        }),
      ),
    onSettled: fresh,
  });
}

/** One call for each act; `step` is the one that the person saw. */
export function useAct(project: string, number: number) {
  const fresh = useFresh(project);
  return useMutation({
    mutationFn: ({ act, step }: { act: Act; step: number }) =>
      take(
        client.POST("/api/v1/projects/{project}/rollouts/{number}/{act}", {
          params: { path: { project, number, act } },
          body: { note: "", step },
        }),
      ),
    onSettled: fresh,
  });
}

function useFresh(project: string) {
  const queries = useQueryClient();
  return () =>
    Promise.all(
      ["rollouts", "deployments"].map((noun) => queries.invalidateQueries({ queryKey: [project, noun] })),
    );
}

const UNDER_WAY: State[] = ["running", "paused", "waiting"];
const WORDS: Record<State, string> = {
  running: "running",
  paused: "paused",
  waiting: "waiting for approval",
  completed: "completed",
  aborted: "stopped",
  rolled_back: "rolled back",
};

export function isUnderWay({ state }: Pick<Rollout, "state">): boolean {
  return UNDER_WAY.includes(state);
}

export function stateInWords(state: State): string {
  return WORDS[state];
}

/** "5 % of all callers", "all of “beta testers”"; an audience without a name is told as that. */
export function shareInWords(step: Pick<Step, "percent" | "name" | "condition">): string {
  const whole = step.percent === 100;
  const audience = step.name ? `“${step.name}”` : step.condition ? "an audience" : "";
  if (audience) return whole ? `all of ${audience}` : `${step.percent} % of ${audience}`;
  return whole ? "everybody" : `${step.percent} % of all callers`;
}

/** "15 min", "2 h", "3 days": whole units only as long as they say it exactly enough. */
export function secondsInWords(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return plural(Math.round(seconds / 86_400), "day");
}

/** What a step waits for, or still lacks, in words; empty when it is nothing. */
export function holdInWords(hold: {
  seconds: number;
  requests: number;
  scored: number;
  approval: boolean;
}): string[] {
  const counted = (count: number, noun: string) => `${count.toLocaleString("en")} ${noun}`;
  return [
    hold.seconds > 0 && secondsInWords(hold.seconds),
    hold.requests > 0 && counted(hold.requests, hold.requests === 1 ? "request" : "requests"),
    hold.scored > 0 && counted(hold.scored, hold.scored === 1 ? "scored request" : "scored requests"),
    hold.approval && "a person’s approval",
  ].filter((part) => typeof part === "string");
}

/** Guards of these compare shares of the control's own figure; of the others, points. */
export function isRelative(measure: Measure): boolean {
  return measure === "latency" || measure === "cost";
}
