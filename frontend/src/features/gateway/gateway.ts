import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { formatCompact } from "@/lib/format";
import { toast } from "@/ui/Toast";

export type Gateway = components["schemas"]["Gateway"];
export type Circuit = components["schemas"]["GatewayCircuit"];
export type GatewayKey = components["schemas"]["GatewayKey"];
export type GatewayRoute = components["schemas"]["GatewayRoute"];
export type Limits = components["schemas"]["NewKeyLimitsRequest"];
export type Patience = Pick<Gateway, "retries" | "first_byte_seconds" | "between_seconds" | "total_seconds">;

/** What may be limited, in the order of the form. */
export const LIMITS = [
  { name: "requests_per_minute", label: "Requests a minute", short: "requests/min" },
  { name: "tokens_per_minute", label: "Tokens a minute", short: "tokens/min" },
  { name: "tokens_per_day", label: "Tokens a day", short: "tokens/day" },
  { name: "tokens_per_month", label: "Tokens a month", short: "tokens/month" },
  { name: "dollars_per_day", label: "Dollars a day", short: "a day" },
  { name: "dollars_per_month", label: "Dollars a month", short: "a month" },
] as const;

export type LimitName = (typeof LIMITS)[number]["name"];

const at = (project: string) => ({ params: { path: { project } } });

export function gatewayQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "gateways", "settings"),
    queryFn: () => take(client.GET("/api/v1/projects/{project}/gateway", at(project))),
    refetchInterval: (query) => (query.state.data?.circuits.length ? 5_000 : false),
  });
}

export function gatewayKeysQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "gateways", "keys"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/gateway/keys", at(project)))).items,
    refetchInterval: 15_000,
  });
}

function useWrite<Value>(project: string, write: (value: Value) => Promise<unknown>, onDone: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: write,
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [project, "gateways"] });
      toast("Saved");
      onDone();
    },
  });
}

export function usePutRoute(project: string, onDone: () => void) {
  return useWrite(
    project,
    (body: { model: string; fallbacks: string[]; cache_seconds: number }) =>
      client.POST("/api/v1/projects/{project}/gateway/routes", { ...at(project), body }),
    onDone,
  );
}

export function useDeleteRoute(project: string, onDone: () => void) {
  return useWrite(
    project,
    (route: number) =>
      client.DELETE("/api/v1/projects/{project}/gateway/routes/{route}", {
        params: { path: { project, route } },
      }),
    onDone,
  );
}

export function usePatience(project: string, onDone: () => void) {
  return useWrite(
    project,
    (body: Patience) => client.PATCH("/api/v1/projects/{project}/gateway", { ...at(project), body }),
    onDone,
  );
}

export function useLimit(project: string, id: number, onDone: () => void) {
  return useWrite(
    project,
    (body: Limits) =>
      client.PUT("/api/v1/projects/{project}/gateway/keys/{key}", {
        params: { path: { project, key: id } },
        body,
      }),
    onDone,
  );
}

/** A key's limits in words, "none" when there are none. */
export function limitWords(limits: GatewayKey["limits"]): string {
  const words = LIMITS.flatMap(({ name, short }) => {
    const value = limits[name];
    if (value === null || value === undefined) return [];
    return [
      name.startsWith("dollars") ? `$${Number(value)} ${short}` : `${formatCompact(Number(value))} ${short}`,
    ];
  });
  return words.join(", ") || "none";
}

/** Seconds as people say them: 90 s, 5 min, 2 h, 1 day. */
export function span(seconds: number): string {
  const units: [number, string][] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
  ];
  const fit = units.find(([size]) => seconds >= size && seconds % size === 0);
  return fit ? `${seconds / fit[0]} ${fit[1]}` : `${seconds} s`;
}

/** How to call it, ready to paste. */
export function snippet(kind: "python" | "typescript" | "curl", address: string): string {
  const model = "prompts/<name>";
  if (kind === "python") {
    return `from openai import OpenAI

client = OpenAI(base_url="${address}", api_key="vk_...")
answer = client.chat.completions.create(
    model="${model}",
    messages=[],
    extra_body={"variorum": {"variables": {"message": "Hello"}}},
)`;
  }
  if (kind === "typescript") {
    return `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${address}", apiKey: "vk_..." });
const answer = await client.chat.completions.create({
  model: "${model}",
  messages: [],
  // @ts-expect-error the gateway's own member
  variorum: { variables: { message: "Hello" } },
});`;
  }
  return `curl ${address}/chat/completions -H "Authorization: Bearer vk_..." \\
  -H "Content-Type: application/json" \\
  -d '{"model": "${model}", "messages": [],
       "variorum": {"variables": {"message": "Hello"}}}'`;
}
