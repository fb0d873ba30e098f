import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { FileProblem } from "@/features/prompts/files";
import type { Lint } from "@/ui/CodeEditor";

const check = (project: string, path: string, ref: string, content: string) =>
  take(
    client.POST("/api/v1/projects/{project}/check", {
      params: { path: { project } },
      body: { path, ref, content },
    }),
  );

const KEPT = { staleTime: 60_000, gcTime: 60_000, retry: false };

/** What is wrong with a text and what it says, asked once for each text. */
export function checkQuery(project: string, path: string, ref: string, content: string) {
  return queryOptions({
    queryKey: key(project, "check", path, ref, content),
    queryFn: () => check(project, path, ref, content),
    ...KEPT,
  });
}

/** The same for a text that is to stand beside main's other files and the draft's: what is wrong beside either. */
export function mergedCheckQuery(project: string, path: string, ref: string, content: string) {
  return queryOptions({
    queryKey: key(project, "check", path, ref, "and main", content),
    queryFn: async () => {
      const found = await check(project, path, ref, content);
      if (found.problems.length === 0) return found;
      const beside = await check(project, path, "main", content);
      const known = new Set(beside.problems.map(saying));
      return { ...found, problems: found.problems.filter((problem) => known.has(saying(problem))) };
    },
    ...KEPT,
  });
}

const saying = ({ path, line, code, message }: FileProblem) => JSON.stringify([path, line, code, message]);

/** The editor's underlines: problems of this file at their place, those of others at its first line. */
export async function lintOf(
  queries: QueryClient,
  project: string,
  path: string,
  ref: string,
  text: string,
): Promise<Lint[]> {
  try {
    const { problems } = await queries.fetchQuery(checkQuery(project, path, ref, text));
    return problems.map((problem) => asLint(problem, path));
  } catch {
    return []; // the page says by itself that the server cannot be reached
  }
}

function asLint(problem: FileProblem, path: string): Lint {
  if (problem.path === path) return { line: problem.line, column: problem.column, message: problem.message };
  return { line: 1, message: `${problem.path}, line ${problem.line}: ${problem.message}` };
}
