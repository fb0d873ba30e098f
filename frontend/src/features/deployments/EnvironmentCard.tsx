import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  isUnderWay,
  type Rollout,
  rolloutsQuery,
  shareInWords,
  stateInWords,
} from "@/features/rollouts/rollouts";
import { CommitTags } from "@/features/tags/TagBadges";
import { plural } from "@/lib/format";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Icon } from "@/ui/Icon";
import { Id } from "@/ui/Id";
import { StateBadge } from "@/ui/StateBadge";
import { seriesColor } from "@/ui/series";
import { Time } from "@/ui/Time";
import { ConnectButton } from "./Connect";
import styles from "./Deployments.module.css";
import type { Deployment, Environment } from "./deployments";

interface EnvironmentCardProps {
  project: string;
  environment: Environment;
  may: boolean;
  onDeploy: (environment: Environment) => void;
  onRollOut: (environment: Environment) => void;
  onRollBack: (environment: Environment) => void;
  /** Left out: there is nothing before it to promote. */
  onPromote?: ((environment: Environment) => void) | undefined;
}

/** One environment: what it serves, since when, how much of main waits, and the two acts. */
export function EnvironmentCard(props: EnvironmentCardProps) {
  const { project, environment, may, onDeploy, onRollOut, onRollBack, onPromote } = props;
  const { current } = environment;
  const rollout = useQuery(rolloutsQuery(project)).data?.find(
    (item) => item.environment === environment.slug && isUnderWay(item),
  );
  return (
    <Card
      title={<EnvironmentName environment={environment} />}
      actions={current ? <StateBadge state="live" /> : undefined}
    >
      <div className={styles.environment}>
        {current ? (
          <LiveCommit project={project} deployment={current} />
        ) : (
          <p className={styles.quiet}>
            Nothing is live here yet. Apps that ask get a clear “nothing is deployed”.
          </p>
        )}
        {rollout && <UnderWay project={project} rollout={rollout} />}
        {environment.freeze && (
          <p className={styles.frozen}>
            <Icon name="clock" />{" "}
            <span>
              Frozen, ends <Time at={environment.freeze.ends_at} />: {environment.freeze.reason}
            </span>
          </p>
        )}
        <div className={styles.foot}>
          <Waiting environment={environment} />
          <div className={styles.acts}>
            <ConnectButton project={project} environment={environment} />
            <ButtonLink
              size="small"
              variant="quiet"
              icon="switch"
              to="/p/$project/deployments/rules/$environment"
              params={{ project, environment: environment.slug }}
            >
              Rules
            </ButtonLink>
            {may && environment.rollback !== null && (
              <Button size="small" icon="undo" onClick={() => onRollBack(environment)}>
                Roll back
              </Button>
            )}
            {may && current && !rollout && (
              <Button size="small" icon="ramp" onClick={() => onRollOut(environment)}>
                Roll out
              </Button>
            )}
            {may && onPromote && !rollout && (
              <Button size="small" icon="right" onClick={() => onPromote(environment)}>
                Promote
              </Button>
            )}
            {may && !rollout && (
              <Button size="small" icon="deploy" onClick={() => onDeploy(environment)}>
                Deploy
              </Button>
            )}
          </div>
        </div>
      </div>
    </Card>
  );
}

/** The rollout that is under way here. */
function UnderWay({ project, rollout }: { project: string; rollout: Rollout }) {
  const step = rollout.steps[rollout.step];
  return (
    <div className={styles.commit}>
      <Link
        to="/p/$project/rollouts/$number"
        params={{ project, number: String(rollout.number) }}
        className={styles.subject}
      >
        Rollout #{rollout.number}: {rollout.subject}
      </Link>
      <p className={styles.quiet}>
        <StateBadge state={rollout.state} plain>
          {stateInWords(rollout.state)}
        </StateBadge>{" "}
        {step && `at ${shareInWords(step)}`}
      </p>
    </div>
  );
}

/** Name and colour of an environment, the same on every page. */
export function EnvironmentName({
  environment,
}: {
  environment: { slug: string; name?: string | undefined };
}) {
  return (
    <span className={styles.name}>
      <span className={styles.dot} style={{ background: seriesColor(environment.slug) }} aria-hidden="true" />
      {environment.name ?? environment.slug}
    </span>
  );
}

function LiveCommit({ project, deployment }: { project: string; deployment: Deployment }) {
  return (
    <div className={styles.commit}>
      <Link
        to="/p/$project/deployments/$number"
        params={{ project, number: String(deployment.number) }}
        className={styles.subject}
      >
        {deployment.subject}
      </Link>
      <p className={styles.quiet}>
        <Id value={deployment.commit} label="commit" />{" "}
        <CommitTags project={project} commit={deployment.commit} /> · #{deployment.number}
        {deployment.kind === "rollback" && " · rolled back"} · {deployment.actor_name},{" "}
        <Time at={deployment.created_at} />
      </p>
    </div>
  );
}

function Waiting({ environment }: { environment: Environment }) {
  const { waiting } = environment;
  if (waiting === null) return <span />;
  return (
    <span className={styles.quiet}>
      {waiting === 0 ? "Up to date with main" : `${plural(waiting, "commit")} of main not live`}
    </span>
  );
}
