import { queryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import { environmentsQuery } from "@/features/deployments/deployments";
import { draftsQuery } from "@/features/drafts/drafts";
import type { Option } from "@/ui/Field";
import { type Commit, commitsQuery, MAIN } from "./files";

function tagsQuery(project: string) {
  return queryOptions({
    queryKey: key(project, "tags", "list"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/tags", { params: { path: { project } } }))).items,
  });
}

interface Versions {
  /** Every version by a name that people know: the latest, what is live, drafts, tags, changes. */
  options: Option[];
  /** The changes themselves, newest first; undefined until they are known. */
  commits: Commit[] | undefined;
  /** What the server calls a version of `options` (or of an address); undefined while that is not known. */
  refOf: (value: string | undefined) => string | undefined;
}

const LIVE = "live:";

/** The versions that one may compare; only those that changed `path` when it is given. */
export function useVersions(
  project: string,
  path: string | undefined,
  chosen: (string | undefined)[],
): Versions {
  const commits = useInfiniteQuery(commitsQuery(project, MAIN, path)).data?.pages.flatMap(
    (page) => page.items,
  );
  const drafts = useQuery(draftsQuery(project, { state: "open", path })).data?.items ?? [];
  const tags = useQuery(tagsQuery(project)).data ?? [];
  const environments = useQuery(environmentsQuery(project)).data;
  const live = (environments ?? []).flatMap(({ slug, name, current }) =>
    current ? [{ value: LIVE + slug, label: `Live in ${name}`, commit: current.commit }] : [],
  );
  const known: Option[] = [
    { value: MAIN, label: "The latest version" },
    ...live.map(({ value, label }) => ({ value, label })),
    ...drafts.map((draft) => ({
      value: `drafts/${draft.number}`,
      label: `#${draft.number} ${draft.title}`,
      group: "Open drafts",
    })),
    ...tags.map((tag) => ({ value: tag.name, label: tag.name, group: "Tags" })),
    ...(commits ?? []).map((commit) => ({ value: commit.sha, label: labelOf(commit), group: "Changes" })),
  ];
  const missing = chosen.filter((value) => value && !known.some((option) => option.value === value));
  return {
    options: [
      ...known,
      ...[...new Set(missing)].map((value) => ({ value: value ?? "", label: shortName(value ?? "") })),
    ],
    commits,
    refOf: (value) => (value?.startsWith(LIVE) ? live.find((item) => item.value === value)?.commit : value),
  };
}

function labelOf(commit: Commit): string {
  return `${commit.subject} (${commit.author_name}, ${commit.at.slice(0, 10)})`;
}

function shortName(value: string): string {
  return /^[0-9a-f]{40}$/.test(value) ? `Version ${value.slice(0, 8)}` : value;
}
