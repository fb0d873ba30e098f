import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useLive } from "@/api/live";
import { useCan } from "@/api/session";
import { EveryLine } from "@/features/deployments/ChangedFiles";
import { formatNumber } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Icon } from "@/ui/Icon";
import { Id } from "@/ui/Id";
import { Grid, Page, Stack } from "@/ui/Page";
import { SkeletonPage } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import { toast, toastProblem } from "@/ui/Toast";
import { GuardCard } from "./GuardCard";
import { Ramp } from "./Ramp";
import styles from "./Rollouts.module.css";
import {
  type Act,
  holdInWords,
  isUnderWay,
  type RolloutDetail,
  rolloutQuery,
  shareInWords,
  stateInWords,
  useAct,
} from "./rollouts";
import { Story } from "./Story";

export default function RolloutPage() {
  const { project = "", number = "" } = useParams({ strict: false });
  const rollout = useQuery(rolloutQuery(project, Number(number)));
  useLive(project, () => undefined);
  if (rollout.isPending) return <SkeletonPage />;
  const breadcrumb = [{ label: "Deployments", to: "/p/$project/deployments", params: { project } }];
  if (rollout.isError) {
    return (
      <Page title={`Rollout #${number}`} breadcrumb={breadcrumb}>
        <ErrorState error={rollout.error} retry={() => void rollout.refetch()} />
      </Page>
    );
  }
  const { data } = rollout;
  return (
    <Page
      title={`Rollout #${data.number} in ${data.environment_name}`}
      badge={<StateBadge state={data.state}>{stateInWords(data.state)}</StateBadge>}
      breadcrumb={breadcrumb}
      description={<From project={project} rollout={data} />}
      actions={<Acts project={project} rollout={data} />}
    >
      <Stack>
        <Card title="Who gets the candidate" description={nowInWords(data)}>
          <Ramp rollout={data} />
          {data.problem && (
            <p className={styles.tripped}>
              <Icon name="warn" /> <span>It cannot go on: {data.problem}</span>
            </p>
          )}
        </Card>
        <h2 className={styles.heading}>Guards</h2>
        {data.guards.length > 0 && <GuardsNow project={project} rollout={data} />}
        {data.guards.length === 0 ? (
          <Card padding="none">
            <Empty icon="quality" title="Nothing watches this rollout">
              It goes on by its plan alone. A rollout gets its guards when it is started.
            </Empty>
          </Card>
        ) : (
          <Grid min={380}>
            {data.guards.map((guard) => (
              <GuardCard key={guard.id} guard={guard} />
            ))}
          </Grid>
        )}
        <Card title="Who did what">
          <Story lines={data.story} />
        </Card>
      </Stack>
    </Page>
  );
}

/** Where guards cannot compare, the page says so, and what watches instead. */
function GuardsNow({ project, rollout }: { project: string; rollout: RolloutDetail }) {
  const step = rollout.steps[rollout.step];
  if (rollout.state === "completed")
    return (
      <p className={styles.quiet}>
        They ended when everybody got the candidate: nobody is left to compare with.{" "}
        <Link to="/p/$project/alerts" params={{ project }}>
          Alerts
        </Link>{" "}
        go on watching.
      </p>
    );
  if (isUnderWay(rollout) && step?.percent === 100)
    return (
      <p className={styles.quiet}>
        In this step {shareInWords(step)} {step.name || step.condition ? "have" : "has"} the candidate: nobody
        is left to compare with, so they say nothing new.
      </p>
    );
  return null;
}

function From({ project, rollout }: { project: string; rollout: RolloutDetail }) {
  return (
    <>
      From <Id value={rollout.baseline_commit} label="commit" /> “{rollout.baseline_subject}” to{" "}
      <Id value={rollout.commit} label="commit" /> “{rollout.subject}”. Started by {rollout.actor_name},{" "}
      <Time at={rollout.created_at} />
      {rollout.note && `: ${rollout.note.replace(/\.$/, "")}`}.
      {rollout.deployment !== null && (
        <>
          {" "}
          Became{" "}
          <Link to="/p/$project/deployments/$number" params={{ project, number: String(rollout.deployment) }}>
            deployment #{rollout.deployment}
          </Link>
          .
        </>
      )}
      <EveryLine project={project} base={rollout.baseline_commit} head={rollout.commit} />
    </>
  );
}

/** One sentence: who gets it now, and what comes next when. */
function nowInWords(rollout: RolloutDetail): string {
  const exposed = `${formatNumber(rollout.exposed)} requests got it so far.`;
  const step = rollout.steps[rollout.step];
  if (!step || !isUnderWay(rollout) || !rollout.lacks) {
    const after =
      rollout.state === "completed" ? "Everybody gets the candidate." : "Nobody gets the candidate any more.";
    return `${after} ${formatNumber(rollout.exposed)} requests got it during the rollout.`;
  }
  const waits = holdInWords(rollout.lacks);
  if (rollout.state === "paused")
    return `${sentence(shareInWords(step))}; paused, it goes no further. ${exposed}`;
  const next = waits.length > 0 ? `Waits for ${waits.join(" and ")}` : "Goes on in a moment";
  return `${sentence(shareInWords(step))}. ${next}. ${exposed}`;
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const DONE: Record<Act, string> = {
  pause: "Paused",
  resume: "It goes on",
  advance: "On to the next step",
  abort: "Stopped: nobody gets the candidate any more",
  rollback: "Rolled back: everybody is served what was live before",
};

/** One click each: all of them can be taken back, or take things back. */
function Acts({ project, rollout }: { project: string; rollout: RolloutDetail }) {
  const may = useCan(project, "maintainer");
  const act = useAct(project, rollout.number);
  if (!may) return null;
  const does = (name: Act) => ({
    loading: act.isPending && act.variables.act === name,
    onClick: () =>
      act.mutate(
        { act: name, step: rollout.step },
        { onSuccess: () => toast(DONE[name]), onError: toastProblem },
      ),
  });
  const last = rollout.step + 1 === rollout.steps.length;
  const next = rollout.state === "waiting" ? "Approve and go on" : last ? "Finish now" : "Go on now";
  return (
    <>
      {(rollout.state === "running" || rollout.state === "waiting") && (
        <>
          <Button {...does("pause")}>Pause</Button>
          <Button variant="primary" icon="play" {...does("advance")}>
            {next}
          </Button>
        </>
      )}
      {rollout.state === "paused" && (
        <Button variant="primary" icon="play" {...does("resume")}>
          Resume
        </Button>
      )}
      {isUnderWay(rollout) && (
        <Button icon="stop" {...does("abort")}>
          Stop
        </Button>
      )}
      {(isUnderWay(rollout) || rollout.state === "completed") && (
        <Button variant="danger" icon="undo" {...does("rollback")}>
          Roll back
        </Button>
      )}
    </>
  );
}
