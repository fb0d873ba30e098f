import { useInfiniteQuery } from "@tanstack/react-query";
import type { ProblemItem } from "@/api/problem";
import { commitsQuery, MAIN } from "@/features/prompts/files";
import type { Option } from "@/ui/Field";
import { LIVE, type RuleDocument } from "./document";
import type { InForce } from "./rules";
import { type Naming, namedBy } from "./words";

/** What every part of the page works on. */
export interface Shared {
  project: string;
  environment: string;
  document: RuleDocument;
  faults: ProblemItem[];
  now: InForce;
  may: boolean;
  onChange: (document: RuleDocument) => void;
}

/** The commits that a rule may give, newest first after what is live, and how they are called. */
export function useCommits(project: string, now: InForce): { options: Option[]; naming: Naming } {
  const commits =
    useInfiniteQuery(commitsQuery(project, MAIN)).data?.pages.flatMap((page) => page.items) ?? [];
  const subjects = new Map(Object.entries(now.commits));
  for (const commit of commits) subjects.set(commit.sha, commit.subject);
  const listed = new Set(commits.map((commit) => commit.sha));
  const older = Object.entries(now.commits).filter(([sha]) => !listed.has(sha));
  return {
    options: [
      { value: LIVE, label: "What is live" },
      ...commits.map(({ sha, subject }) => ({ value: sha, label: `${sha.slice(0, 8)} ${subject}` })),
      ...older.map(([sha, subject]) => ({ value: sha, label: `${sha.slice(0, 8)} ${subject}` })),
    ],
    naming: namedBy((sha) => subjects.get(sha)),
  };
}
