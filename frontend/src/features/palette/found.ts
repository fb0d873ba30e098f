import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { useSettled } from "@/features/prompts/useSettled";
import type { IconName } from "@/ui/Icon";
import type { Command } from "./commands";

export type Found = components["schemas"]["Found"];

/** How long the typing must rest before the server is asked. */
const PAUSE = 120;
const RECENT = 6;

const GROUPS: Record<Found["kind"], [group: string, icon: IconName]> = {
  prompt: ["Prompts & files", "file"],
  config: ["Prompts & files", "file"],
  adapter: ["Prompts & files", "file"],
  suite: ["Prompts & files", "file"],
  file: ["Prompts & files", "file"],
  draft: ["Drafts", "draft"],
  dataset: ["Datasets", "dataset"],
  job: ["Jobs", "jobs"],
  tag: ["Tags", "tag"],
  deployment: ["Deployments", "deploy"],
  person: ["People", "person"],
};

function searchQuery(project: string, typed: string) {
  return queryOptions({
    queryKey: key(project, "search", typed),
    queryFn: async () =>
      (
        await take(
          client.GET("/api/v1/projects/{project}/search", {
            params: { path: { project }, query: typed ? { q: typed } : { limit: String(RECENT) } },
          }),
        )
      ).items,
    staleTime: 5_000,
    placeholderData: keepPreviousData,
  });
}

/** What the project has that fits; `searching` until the answer is the one to what stands there now. */
export function useFound(project: string, typed: string) {
  const wanted = typed.trim();
  const settled = useSettled(wanted, PAUSE);
  const found = useQuery(searchQuery(project, settled));
  return {
    items: (found.isError ? undefined : found.data) ?? [],
    searching: settled !== wanted || found.isFetching,
    error: settled === wanted && found.isError ? found.error : undefined,
    retry: () => void found.refetch(),
  };
}

/** Rows of the palette: by kind, the kinds in the order of their best; without words all are recent. */
export function commandsOf(items: Found[], typed: string): Command[] {
  const commands = items.map((item) => {
    const [group, icon] = GROUPS[item.kind];
    return {
      id: `${item.kind}-${item.key}-${item.title}`.replace(/[^\p{L}\p{N}]+/gu, "-"),
      group: typed.trim() ? group : "Recent",
      label: item.title,
      hint: item.detail,
      icon,
      href: item.url,
    };
  });
  const groups = [...new Set(commands.map((command) => command.group))];
  return groups.flatMap((group) => commands.filter((command) => command.group === group));
}

/** Pages and acts stand first when one of them begins with what was typed, after all that was found otherwise. */
export function merged(found: Command[], local: Command[], typed: string): Command[] {
  const words = typed.trim().toLowerCase();
  if (!words) return [...found, ...local];
  const named = local.some((command) => command.label.toLowerCase().startsWith(words));
  return named ? [...local, ...found] : [...found, ...local];
}
