import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useLive } from "@/api/live";
import { useCan } from "@/api/session";
import { formatCost, formatDuration, formatNumber, formatPercent, plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { DataList } from "@/ui/DataList";
import { ConfirmDialog } from "@/ui/Dialog";
import { Id } from "@/ui/Id";
import { Interval } from "@/ui/Interval";
import { Page } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { Progress } from "@/ui/Progress";
import { SkeletonText } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import { toastProblem } from "@/ui/Toast";
import { OutcomeBar } from "./OutcomeBar";
import { Pairs } from "./Pairs";
import styles from "./Shadows.module.css";
import {
  type Difference,
  isOver,
  type Shadow,
  SKIPPED,
  shadowQuery,
  spentInWords,
  stateOf,
  useChangeShadow,
} from "./shadows";

export default function ShadowPage() {
  const { project = "", number = "" } = useParams({ strict: false });
  const shadow = useQuery(shadowQuery(project, Number(number)));
  useLive(project, () => undefined);
  const crumbs = [{ label: "Deployments", to: "/p/$project/deployments", params: { project } }];
  if (shadow.isError) return <PageError error={shadow.error} retry={() => void shadow.refetch()} />;
  if (shadow.isPending) {
    return (
      <Page title={`Shadow #${number}`} breadcrumb={crumbs}>
        <Card>
          <SkeletonText lines={6} />
        </Card>
      </Page>
    );
  }
  const found = shadow.data;
  return (
    <Page
      title={`Shadow #${found.number}`}
      breadcrumb={crumbs}
      badge={<StateBadge state={stateOf(found)} />}
      description={
        <>
          “{found.subject}” <Id value={found.commit} label="commit" /> against{" "}
          <Id value={found.baseline} label="commit" />, which was live in {found.environment_name} when it
          began. Nobody gets its answers.
        </>
      }
      actions={<Acts project={project} shadow={found} />}
    >
      <Verdict shadow={found} />
      <div className={styles.two}>
        <Card title="Latency and cost">
          <Differences shadow={found} />
        </Card>
        <Card title="What it took">
          <Facts shadow={found} />
        </Card>
      </div>
      <Pairs project={project} shadow={found} />
    </Page>
  );
}

function Acts({ project, shadow }: { project: string; shadow: Shadow }) {
  const may = useCan(project, "maintainer");
  const change = useChangeShadow(project, shadow.number);
  const [stopping, setStopping] = useState(false);
  if (!may || isOver(shadow)) return null;
  const next = shadow.state === "running" ? "paused" : "running";
  return (
    <>
      <Button loading={change.isPending} onClick={() => change.mutate(next, { onError: toastProblem })}>
        {shadow.state === "running" ? "Pause" : "Resume"}
      </Button>
      <Button onClick={() => setStopping(true)}>Stop</Button>
      {stopping && (
        <ConfirmDialog
          open
          title={`Stop shadow #${shadow.number}`}
          action="Stop it"
          onConfirm={() =>
            change.mutate("stopped", { onError: toastProblem, onSuccess: () => setStopping(false) })
          }
          onClose={() => setStopping(false)}
        >
          It ends for good with the pairs that it has. A shadow that was stopped by hand proves nothing: its
          check says inconclusive.
        </ConfirmDialog>
      )}
    </>
  );
}

function Verdict({ shadow }: { shadow: Shadow }) {
  const { figures } = shadow;
  const over = isOver(shadow);
  return (
    <Card>
      <div className={styles.verdict}>
        {!over && (
          <Progress
            label="Pairs judged"
            done={figures?.pairs ?? 0}
            total={shadow.pairs_wanted}
            startedAt={figures?.waiting ? shadow.created_at : null}
            message={
              shadow.state === "paused"
                ? "Paused"
                : figures?.waiting
                  ? `${plural(figures.waiting, "request")} chosen and waiting`
                  : "Waiting for requests of the live commit"
            }
          />
        )}
        {over && <p className={styles.quiet}>{shadow.words}</p>}
        {figures?.rate ? (
          <>
            <h2 className={styles.headline}>
              <StateBadge state={figures.verdict} /> {!over && "So far: "}
              {figures.words}
            </h2>
            <OutcomeBar figures={figures} />
            <p className={styles.quiet}>
              {shadow.metric.kind === "judge"
                ? `${shadow.metric.name} judged each pair in both orders; for ${formatNumber(figures.order_mattered)} of ${formatNumber(figures.pairs)} the order mattered, and they count as ties.`
                : `${shadow.metric.name} of both answers was compared; the higher value wins.`}{" "}
              95 % interval: {figures.rate.method}.
            </p>
          </>
        ) : (
          <p>{over ? "No pair was judged." : "No pair has been judged yet."}</p>
        )}
        {figures && figures.errors > 0 && (
          <p className={styles.bad}>The candidate gave no answer to {plural(figures.errors, "request")}.</p>
        )}
        {figures && figures.unjudged > 0 && (
          <p className={styles.quiet}>{plural(figures.unjudged, "pair")} could not be judged.</p>
        )}
        <Skipped shadow={shadow} />
      </div>
    </Card>
  );
}

function Skipped({ shadow }: { shadow: Shadow }) {
  const skipped = Object.entries(shadow.skipped);
  if (skipped.length === 0) return null;
  return (
    <div className={styles.quiet}>
      Not answered again:
      <ul className={styles.skipped}>
        {skipped.map(([why, count]) => (
          <li key={why}>
            {plural(count, "request")}: {SKIPPED[why] ?? why}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Differences({ shadow }: { shadow: Shadow }) {
  const { figures } = shadow;
  if (!figures?.latency && !figures?.cost) return <p className={styles.quiet}>No answers yet.</p>;
  return (
    <dl className={styles.differences}>
      <Row name="Latency" found={figures.latency} format={formatDuration} />
      <Row name="Cost of a request" found={figures.cost} format={formatCost} />
      <Row
        name={shadow.metric.name}
        found={figures.value}
        format={(value) => formatPercent(value)}
        good="higher"
      />
    </dl>
  );
}

interface RowProps {
  name: string;
  found: Difference | null;
  format: (value: number) => string;
  good?: "higher" | "lower";
}

function Row({ name, found, format, good = "lower" }: RowProps) {
  if (!found) return null;
  const { difference } = found;
  const signed = (value: number) => (value < 0 ? `−${format(-value)}` : format(value));
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span className={styles.quiet}>
          live {format(found.live)}, candidate {format(found.candidate)}
        </span>
        <Interval
          effect={difference.value}
          low={difference.low}
          high={difference.high}
          n={difference.n}
          good={good}
          format={signed}
        />
      </dd>
    </div>
  );
}

function Facts({ shadow }: { shadow: Shadow }) {
  return (
    <DataList
      items={[
        ...spentInWords(shadow),
        ["Prompts", shadow.prompts.join(", ")],
        ["Share of requests", formatPercent(shadow.share)],
        ["Compared by", `${shadow.metric.name}, version ${shadow.metric.version}`],
        ["Started", <Time key="at" at={shadow.created_at} />],
        ["By", shadow.actor_name],
      ]}
    />
  );
}
