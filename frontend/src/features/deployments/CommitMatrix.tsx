import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef } from "react";
import { commitsQuery, MAIN } from "@/features/prompts/files";
import { CommitTags } from "@/features/tags/TagBadges";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/Button";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Id } from "@/ui/Id";
import { LoadMore } from "@/ui/LoadMore";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { seriesColor } from "@/ui/series";
import { Time } from "@/ui/Time";
import { useListKeys } from "@/ui/useListKeys";
import styles from "./Deployments.module.css";
import { deploymentsQuery, type Environment, environmentsQuery } from "./deployments";
import { EnvironmentName } from "./EnvironmentCard";
import { type Cell, type MatrixRow, matrixRows } from "./matrix";

interface CommitMatrixProps {
  project: string;
  onDeploy: ((sha: string) => void) | undefined;
}

/** The commits of main as rows, the environments as columns, a line in each column for what is live and what was. */
export function CommitMatrix({ project, onDeploy }: CommitMatrixProps) {
  const environments = useQuery(environmentsQuery(project));
  const commits = useInfiniteQuery(commitsQuery(project, MAIN));
  const deployments = useInfiniteQuery(deploymentsQuery(project));
  const failed = [environments, commits, deployments].find((query) => query.isError);
  if (failed) return <ErrorState error={failed.error} retry={() => void failed.refetch()} />;
  if (!environments.data || !commits.data || !deployments.data) return <SkeletonRows columns={5} />;
  const all = commits.data.pages.flatMap((page) => page.items);
  if (all.length === 0) return <Empty icon="commit" title="No commits yet" />;
  const rows = matrixRows(
    all,
    deployments.data.pages.flatMap((page) => page.items),
    environments.data.map((environment) => environment.slug),
  );
  return (
    <>
      <Matrix project={project} environments={environments.data} rows={rows} onDeploy={onDeploy} />
      {(commits.hasNextPage || deployments.hasNextPage) && (
        <div className={styles.more}>
          <LoadMore
            pages={{
              hasNextPage: true,
              isFetchingNextPage: commits.isFetchingNextPage || deployments.isFetchingNextPage,
              fetchNextPage: () =>
                Promise.all(
                  [commits, deployments].map((query) => query.hasNextPage && query.fetchNextPage()),
                ),
            }}
          />
        </div>
      )}
    </>
  );
}

interface MatrixProps extends CommitMatrixProps {
  environments: Environment[];
  rows: MatrixRow[];
}

function Matrix({ project, environments, rows, onDeploy }: MatrixProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  useListKeys(body);
  return (
    <table role="table" className={styles.matrix} aria-label="Commits of main and where they are live">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">
            Commit
          </th>
          {environments.map((environment) => (
            <th key={environment.slug} role="columnheader" scope="col" className={styles.place}>
              <EnvironmentName environment={environment} />
            </th>
          ))}
          {onDeploy && (
            <th role="columnheader" scope="col" className={styles.act}>
              <span className="visually-hidden">Deploy</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody role="rowgroup" ref={body}>
        {rows.map((row) => (
          <tr role="row" key={row.commit.sha} data-row={row.commit.sha}>
            <th role="rowheader" scope="row">
              <CommitWords project={project} row={row} />
            </th>
            {environments.map((environment) => (
              <Place
                key={environment.slug}
                project={project}
                environment={environment}
                cell={row.cells[environment.slug]}
              />
            ))}
            {onDeploy && (
              <td role="cell" className={styles.act}>
                <Button
                  size="small"
                  variant="quiet"
                  aria-label={`Deploy “${row.commit.subject}”`}
                  onClick={() => onDeploy(row.commit.sha)}
                >
                  Deploy…
                </Button>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function CommitWords({ project, row }: { project: string; row: MatrixRow }) {
  const { commit } = row;
  return (
    <>
      <Link
        to="/p/$project/commits/$sha"
        params={{ project, sha: commit.sha }}
        className={styles.subject}
        data-row-target
      >
        {commit.subject}
      </Link>
      <span className={styles.quiet}>
        <Id value={commit.sha} label="commit" /> <CommitTags project={project} commit={commit.sha} /> ·{" "}
        {commit.author_name}, <Time at={commit.at} />
      </span>
    </>
  );
}

interface PlaceProps {
  project: string;
  environment: Environment;
  cell: Cell | undefined;
}

function Place({ project, environment, cell }: PlaceProps) {
  const [newest] = cell?.deployments ?? [];
  const shown = cell?.deployments.find((item) => item.until === null) ?? newest;
  return (
    <td
      role="cell"
      data-label={environment.name}
      className={cx(styles.place, styles[cell?.line ?? "none"], !shown && styles.nothing)}
      style={{ "--line": seriesColor(environment.slug) } as React.CSSProperties}
    >
      {shown && (
        <span className={styles.stop}>
          <span className={cx(styles.knot, cell?.live && styles.full)} aria-hidden="true" />
          <span className={styles.where}>{environment.name}</span>
          {cell?.live && <StateBadge state="live" />}
          <Link to="/p/$project/deployments/$number" params={{ project, number: String(shown.number) }}>
            #{shown.number}
          </Link>
          <span className={styles.quiet}>
            <Time at={shown.created_at} />
          </span>
        </span>
      )}
    </td>
  );
}
