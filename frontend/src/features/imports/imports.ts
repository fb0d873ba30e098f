import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type PromptImport = Schemas["PromptImportRequest"];
export type Preview = Schemas["PromptImportPreview"];
export type Prompt = Preview["prompts"][number];
export type System = PromptImport["system"];

interface Kind {
  value: System;
  label: string;
  endings: string[];
  /** A folder of files is usual. */
  folder: boolean;
  hint: string;
}

export const SYSTEMS: Kind[] = [
  {
    value: "langfuse",
    label: "Langfuse",
    endings: [".json", ".jsonl"],
    folder: false,
    hint: "The prompts as its public API gives them: one file with all, or a file for each.",
  },
  {
    value: "mlflow",
    label: "MLflow",
    endings: [".json", ".jsonl"],
    folder: false,
    hint: "Versions of its prompt registry as its API gives them.",
  },
  { value: "prompty", label: "Prompty", endings: [".prompty"], folder: true, hint: "Its .prompty files." },
  {
    value: "promptl",
    label: "PromptL (Latitude)",
    endings: [".promptl"],
    folder: true,
    hint: "Its .promptl files; choose the whole folder where prompts include each other.",
  },
];

export const MAX_BYTES = 5_000_000;

/** What an import would make now; writes nothing. `id` tells one choice of files from another. */
export function previewQuery(project: string, id: number, body: PromptImport) {
  const { files, ...decided } = body;
  return queryOptions({
    queryKey: key(project, "prompt_imports", id, decided),
    queryFn: ({ signal }) =>
      take(
        client.POST("/api/v1/projects/{project}/prompt-imports/preview", {
          params: { path: { project } },
          body,
          signal,
        }),
      ),
    enabled: files.length > 0,
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000,
    gcTime: 60_000,
  });
}

/** The chosen files of a kind as texts. Throws an Error in words for what is too large or no text. */
export async function textsOf(chosen: readonly File[], kind: Kind): Promise<PromptImport["files"]> {
  const wanted = chosen.filter((file) => kind.endings.some((end) => file.name.toLowerCase().endsWith(end)));
  if (wanted.length === 0) throw new Error(`None of these files ends in ${kind.endings.join(" or ")}.`);
  if (wanted.reduce((sum, file) => sum + file.size, 0) > MAX_BYTES) {
    throw new Error("These files have more than 5 MB in all. The command line takes more: variorum import.");
  }
  return Promise.all(wanted.map(async (file) => ({ path: pathOf(file), text: await textOf(file) })));
}

/** Below the folder that was chosen, or the file's own name. */
function pathOf(file: File): string {
  const below: string | undefined = file.webkitRelativePath; // jsdom has none
  return below?.split("/").slice(1).join("/") || file.name;
}

async function textOf(file: File): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name} is not a text in UTF-8.`);
  }
}

export interface Loss {
  versions: string;
  place: string;
  what: string;
  why: string;
}

/** What was not carried over, the same remark of several versions once. */
export function lossesOf(prompt: Pick<Prompt, "versions">): Loss[] {
  const seen = new Map<string, Omit<Loss, "versions"> & { numbers: number[] }>();
  for (const { number, not_carried_over } of prompt.versions) {
    for (const { place, what, why } of not_carried_over) {
      const id = JSON.stringify([place, what, why]);
      const found = seen.get(id) ?? { place, what, why, numbers: [] };
      found.numbers.push(number);
      seen.set(id, found);
    }
  }
  return [...seen.values()].map(({ numbers, ...loss }) => ({ ...loss, versions: ranges(numbers) }));
}

/** "1 to 3, 5". */
export function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from} to ${to}`)).join(", ");
}
