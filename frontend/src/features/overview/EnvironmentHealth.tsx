import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Environment } from "@/features/deployments/deployments";
import { EnvironmentName } from "@/features/deployments/EnvironmentCard";
import { CommitTags } from "@/features/tags/TagBadges";
import { plural } from "@/lib/format";
import { Card } from "@/ui/Card";
import { Id } from "@/ui/Id";
import { Num } from "@/ui/Num";
import { Skeleton } from "@/ui/Skeleton";
import { Sparkline } from "@/ui/Sparkline";
import { StateBadge } from "@/ui/StateBadge";
import { seriesColor } from "@/ui/series";
import { Time } from "@/ui/Time";
import styles from "./Overview.module.css";
import { deployedAt, type Figure, figuresOf, weekQuery } from "./overview";

interface HealthProps {
  project: string;
  environment: Environment;
}

/** One environment: the commit that it serves, and a week of its figures with deployments marked. */
export function EnvironmentHealth({ project, environment }: HealthProps) {
  const { current, waiting } = environment;
  return (
    <Card
      title={<EnvironmentName environment={environment} />}
      actions={current ? <StateBadge state="live" /> : undefined}
    >
      {current ? (
        <>
          <Link
            to="/p/$project/deployments/$number"
            params={{ project, number: String(current.number) }}
            className={styles.subject}
          >
            {current.subject}
          </Link>
          <p className={styles.quiet}>
            <Id value={current.commit} label="commit" />{" "}
            <CommitTags project={project} commit={current.commit} /> · {current.actor_name},{" "}
            <Time at={current.created_at} />
            {waiting ? ` · ${plural(waiting, "commit")} of main not live` : ""}
          </p>
          <Week project={project} environment={environment.slug} />
        </>
      ) : (
        <p className={styles.quiet}>
          Nothing is live here yet.{" "}
          <Link to="/p/$project/deployments" params={{ project }}>
            Deploy a commit
          </Link>
        </p>
      )}
    </Card>
  );
}

function Week({ project, environment }: { project: string; environment: string }) {
  const week = useQuery(weekQuery(project, environment));
  if (week.isPending) return <Skeleton height={64} />;
  if (week.isError) return <p className={styles.quiet}>Its figures could not be loaded.</p>;
  const figures = figuresOf(week.data);
  if (!figures.some((figure) => figure.n > 0)) {
    return <p className={styles.quiet}>No requests were logged in the last seven days.</p>;
  }
  const markers = deployedAt(week.data, environment);
  return (
    <ul className={styles.figures} aria-label="The last seven days">
      {figures.map((figure) => (
        <FigureCell
          key={figure.name}
          project={project}
          environment={environment}
          figure={figure}
          markers={markers}
          color={seriesColor(environment)}
        />
      ))}
    </ul>
  );
}

interface CellProps {
  project: string;
  environment: string;
  figure: Figure;
  markers: number[];
  color: string;
}

function FigureCell({ project, environment, figure, markers, color }: CellProps) {
  const { name, value, format, values, n, interval } = figure;
  return (
    <li className={styles.figure}>
      <Link to="/p/$project/quality" params={{ project }} search={{ environment }}>
        {name}
      </Link>
      <span className={styles.value}>
        <Num value={value} format={format} n={n} interval={interval} />
      </span>
      <Sparkline
        values={values}
        markers={markers}
        color={color}
        label={`${name} by hour, the last seven days`}
        width={132}
      />
    </li>
  );
}
