import type { Commit } from "@/features/prompts/files";
import type { Deployment } from "./deployments";

export interface Cell {
  /** The deployments of this commit in this environment, newest first. */
  deployments: Deployment[];
  live: boolean;
  /** How the column's line runs here: above what is live, at it, below, ending at the oldest one. "none": no line. */
  line: "waiting" | "live" | "past" | "first" | "none";
}

export interface MatrixRow {
  commit: Commit;
  cells: Record<string, Cell>;
}

/** Commits of main (newest first) against environments. A commit that is live and further down leaves all rows waiting. */
export function matrixRows(
  commits: Commit[],
  deployments: Deployment[],
  environments: string[],
): MatrixRow[] {
  const found = new Map<string, Deployment[]>();
  for (const deployment of deployments) {
    const place = `${deployment.environment} ${deployment.commit}`;
    found.set(place, [...(found.get(place) ?? []), deployment]);
  }
  const columns = environments.map((environment) => {
    const here = commits.map((commit) => found.get(`${environment} ${commit.sha}`) ?? []);
    const live = here.findIndex((items) => items.some((item) => item.until === null));
    const oldest = here.findLastIndex((items) => items.length > 0);
    const alive = deployments.some((item) => item.environment === environment && item.until === null);
    return { environment, here, live, oldest, alive };
  });
  return commits.map((commit, row) => ({
    commit,
    cells: Object.fromEntries(
      columns.map(({ environment, here, live, oldest, alive }) => [
        environment,
        {
          deployments: here[row] ?? [],
          live: row === live,
          line: alive ? lineAt(row, live, oldest) : "none",
        },
      ]),
    ),
  }));
}

/** The line of one column at a row; `live` and `oldest` are rows, -1 for one further down than the list goes. */
function lineAt(row: number, live: number, oldest: number): Cell["line"] {
  if (live < 0 || row < live) return "waiting";
  if (row > oldest) return "none";
  if (row === live) return oldest === live ? "none" : "live";
  return row === oldest ? "first" : "past";
}
