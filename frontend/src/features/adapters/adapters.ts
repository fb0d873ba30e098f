import { queryOptions } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { formatBytes, formatDuration, formatNumber } from "@/lib/format";

type Schemas = components["schemas"];
export type Node = Schemas["LineageNode"];
export type Edge = Schemas["LineageEdge"];

export interface AdapterOverview {
  config: Record<string, unknown> | null;
  card: Record<string, unknown> | null;
  weights: { sha256: string; size: number } | null;
}

/** Where an adapter comes from and what became of it. */
export function lineageQuery(project: string, ref: string, path: string) {
  return queryOptions({
    queryKey: key(project, "adapters", "lineage", ref, path),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/adapters/lineage", {
          params: { path: { project }, query: { ref, path } },
        }),
      ),
  });
}

export const HEADINGS = ["Made from", "Made by", "Version", "Evaluated", "Deployed"] as const;
export const EMPTY: Record<number, string> = { 3: "Not evaluated yet", 4: "Not deployed yet" };
export const NODE = 76;
export const GAP = 8;
const WIDTH = 17.6;
const BETWEEN = 3;

/** Nodes by their column; a draft stands above the version that it brought. */
export function columnsOf(nodes: Node[]): Node[][] {
  return HEADINGS.map((_, column) => nodes.filter((node) => node.column === column));
}

/** Pixels that the highest column needs. */
export function heightOf(columns: Node[][]): number {
  return Math.max(...columns.map((column) => sizeOf(column.length)));
}

function sizeOf(count: number): number {
  return Math.max(count, 1) * (NODE + GAP) - GAP;
}

/** The arrows as SVG paths: x in hundredths of the width, y in pixels. */
export function pathsOf(columns: Node[][], edges: Edge[]): string[] {
  const height = heightOf(columns);
  const places = new Map<string, { column: number; y: number }>();
  columns.forEach((nodes, column) => {
    const top = (height - sizeOf(nodes.length)) / 2;
    nodes.forEach((node, row) => {
      places.set(node.id, { column, y: top + row * (NODE + GAP) + NODE / 2 });
    });
  });
  return edges.flatMap(({ tail, head }) => {
    const [from, to] = [places.get(tail), places.get(head)];
    return from && to ? [curve(from, to)] : [];
  });
}

interface Place {
  column: number;
  y: number;
}

function curve(from: Place, to: Place): string {
  const left = (column: number) => column * (WIDTH + BETWEEN);
  if (from.column === to.column) {
    const x = left(from.column) + WIDTH / 2;
    return `M${x} ${from.y + NODE / 2}L${x} ${to.y - NODE / 2}`;
  }
  const [x1, x2] = [left(from.column) + WIDTH, left(to.column)];
  const bend = Math.min(x2 - x1, BETWEEN) / 2;
  return `M${x1} ${from.y}C${x1 + bend} ${from.y} ${x2 - bend} ${to.y} ${x2} ${to.y}`;
}

/** How the Hub's clients call the adapter in a folder: adapters/support/triage -> desk/support__triage. */
export function hubName(project: string, folder: string): string {
  return `${project}/${folder.replace(/^adapters\//, "").replaceAll("/", "__")}`;
}

/** Lines of Python that load this version with the unmodified clients. */
export function snippet(origin: string, project: string, folder: string, ref: string): string {
  return [
    `# HF_ENDPOINT=${origin} and HF_TOKEN=<an API key with the scope read>`,
    "from peft import PeftModel",
    `model = PeftModel.from_pretrained(base_model, "${hubName(project, folder)}", revision="${ref}")`,
    "",
  ].join("\n");
}

type Pairs = [name: string, value: string][];
const KNOWN = new Set([
  ...[
    "adapter",
    "weights_sha256",
    "base_model",
    "data",
    "prompt",
    "start_from",
    "recipe",
    "parameters",
    "seed",
  ],
  ...["metrics", "cost", "job", "licence", "made"],
]);

/** What a card says, in groups for reading; keys that nobody knows come last, as they are. */
export function cardGroups(card: Record<string, unknown>): { title: string; items: Pairs }[] {
  const groups: { title: string; items: Pairs }[] = [
    { title: "", items: origin(card) },
    { title: "Parameters", items: plain(part(card, "parameters")) },
    { title: "Held-out examples", items: measured(part(card, "metrics")) },
    { title: "Cost", items: cost(part(card, "cost")) },
    {
      title: "Also said",
      items: plain(Object.fromEntries(Object.entries(card).filter(([name]) => !KNOWN.has(name)))),
    },
  ];
  return groups.filter((group) => group.items.length > 0);
}

function origin(card: Record<string, unknown>): Pairs {
  const [base, data, made, prompt] = ["base_model", "data", "made", "prompt"].map((name) => part(card, name));
  return present([
    ["Licence", word(card["licence"])],
    ["Base model", word(base?.["id"] ?? card["base_model"])],
    ["Base hash", word(base?.["manifest_sha256"]).slice(0, 12)],
    ["Data", data?.["dataset"] ? `${word(data["dataset"])} v${word(data["version"])}` : ""],
    ["Data hash", word(data?.["sha256"]).slice(0, 12)],
    ["Examples", examples(part(data ?? {}, "examples"))],
    ["Prompt", prompt?.["path"] ? `${word(prompt["path"])} at ${word(prompt["commit"]).slice(0, 8)}` : ""],
    ["Recipe", word(card["recipe"])],
    ["Made by", word(made?.["by"])],
  ]);
}

function examples(counts: Record<string, unknown> | undefined): string {
  if (!counts) return "";
  const [trained, held] = [counts["trained"], counts["held_out"]].map(Number);
  return `${formatNumber(trained ?? 0)} trained on, ${formatNumber(held ?? 0)} held out`;
}

function measured(metrics: Record<string, unknown> | undefined): Pairs {
  const [before, best] = [part(metrics ?? {}, "held_out_before"), part(metrics ?? {}, "held_out_best")];
  if (!before || !best) return [];
  const change = (name: string) =>
    `${formatNumber(Number(before[name]), 3)} → ${formatNumber(Number(best[name]), 3)}`;
  return [
    ["Loss, before → after", change("val_loss")],
    ["Answered exactly", change("val_exact")],
  ];
}

function cost(spent: Record<string, unknown> | undefined): Pairs {
  if (!spent) return [];
  const [seconds, memory, tokens] = ["seconds", "peak_memory_mb", "tokens"].map((name) =>
    Number(spent[name]),
  );
  return present([
    ["Time", seconds ? formatDuration(seconds * 1000) : ""],
    ["Memory", memory ? formatBytes(memory * 1_000_000) : ""],
    ["Tokens", tokens ? formatNumber(tokens) : ""],
    ["Device", word(spent["device"])],
  ]);
}

function plain(values: Record<string, unknown> | undefined): Pairs {
  return present(
    Object.entries(values ?? {}).map(([name, value]) => [name.replaceAll("_", " "), word(value)]),
  );
}

function present(pairs: Pairs): Pairs {
  return pairs.filter(([, value]) => value !== "");
}

function part(of: Record<string, unknown>, name: string): Record<string, unknown> | undefined {
  const value = of[name];
  return value && typeof value === "object" && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function word(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number")
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  if (Array.isArray(value)) return value.map(word).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
