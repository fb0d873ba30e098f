import { Link } from "@tanstack/react-router";
import { formatNumber } from "@/lib/format";
import { Time } from "@/ui/Time";
import styles from "./Alerts.module.css";
import type { Alert } from "./alerts";
import { intervalOf, type Kind, written } from "./words";

/** Who may be to blame: the commits that served in the window, and the deployments made in or shortly before it. */
export function Suspects({ project, alert }: { project: string; alert: Alert }) {
  const { commits, deployments } = alert.suspects;
  if (commits.length + deployments.length === 0) {
    return (
      <p className={styles.quiet}>
        No commit was named by the requests, and nothing was deployed shortly before.
      </p>
    );
  }
  return (
    <div className={styles.suspects}>
      {deployments.length > 0 && (
        <section>
          <h3>Deployed in the window or the hour before</h3>
          <ul>
            {deployments.map((item) => (
              <li key={item.number}>
                <Link to="/p/$project/deployments/$number" params={{ project, number: String(item.number) }}>
                  #{item.number} {item.subject}
                </Link>
                <span className={styles.quiet}>
                  {item.kind === "rollback" ? "rolled back" : "deployed"} to {item.environment} by{" "}
                  {item.actor_name}, <Time at={item.at} />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {commits.length > 0 && (
        <section>
          <h3>Commits that served, the worst first</h3>
          <ul>
            {commits.map((item) => (
              <CommitLine key={item.commit} project={project} kind={alert.condition.kind} item={item} />
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

interface CommitLineProps {
  project: string;
  kind: Kind;
  item: Alert["suspects"]["commits"][number];
}

function CommitLine({ project, kind, item }: CommitLineProps) {
  const interval = intervalOf(kind, item);
  return (
    <li>
      <Link to="/p/$project/commits/$sha" params={{ project, sha: item.commit }} className={styles.sha}>
        {item.commit.slice(0, 8)}
      </Link>
      <span className={styles.own}>{item.value === null ? "–" : written(kind, item.value)}</span>
      <span className={styles.quiet}>
        {interval && `${interval}, `}n = {formatNumber(item.n)}
        {item.deployment !== null && (
          <>
            {" · live by "}
            <Link to="/p/$project/deployments/$number" params={{ project, number: String(item.deployment) }}>
              #{item.deployment}
            </Link>
          </>
        )}
      </span>
    </li>
  );
}
