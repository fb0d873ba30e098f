import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { client, take } from "@/api/client";
import { cx } from "@/lib/cx";
import { formatCost, formatDuration } from "@/lib/format";
import { Button } from "@/ui/Button";
import { DataList } from "@/ui/DataList";
import { Dialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Id } from "@/ui/Id";
import { Num } from "@/ui/Num";
import { SkeletonText } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import styles from "./Logs.module.css";
import { logQuery, readable, type WholeLog } from "./logs";

interface LogPanelProps {
  project: string;
  log: string;
  onClose: () => void;
}

/** One log as a conversation, with its facts and scores, and a replay against the same commit. */
export function LogPanel({ project, log, onClose }: LogPanelProps) {
  const found = useQuery(logQuery(project, log));
  return (
    <Dialog open onClose={onClose} title="Log" shape="wide">
      {found.isPending && <SkeletonText lines={8} />}
      {found.isError && <ErrorState error={found.error} retry={() => void found.refetch()} />}
      {found.data && <LogView project={project} log={found.data} />}
    </Dialog>
  );
}

function LogView({ project, log }: { project: string; log: WholeLog }) {
  return (
    <div className={styles.panel}>
      <Facts project={project} log={log} />
      <Conversation log={log} />
      <ScoreList log={log} />
      <Replay project={project} log={log} />
    </div>
  );
}

function Facts({ project, log }: { project: string; log: WholeLog }) {
  return (
    <DataList
      items={[
        ["Id", <Id key="id" value={log.id} label="log id" />],
        ["Time", <Time key="time" at={log.started_at} />],
        [
          "Status",
          <StateBadge key="state" state={log.status === "error" ? "failed" : "ok"}>
            {log.status}
          </StateBadge>,
        ],
        ["Prompt", log.prompt || "–"],
        ["Environment", log.environment],
        [
          "Live then",
          <Link
            key="then"
            to="/p/$project/deployments"
            params={{ project }}
            search={{ tab: "when", at: log.started_at, environment: log.environment }}
          >
            What was live at this moment
          </Link>,
        ],
        [
          "Commit",
          log.commit ? (
            <Link key="commit" to="/p/$project/commits/$sha" params={{ project, sha: log.commit }}>
              <code>{log.commit.slice(0, 10)}</code>
            </Link>
          ) : (
            "–"
          ),
        ],
        ["Chosen by", log.variant ? <code key="variant">{log.variant}</code> : "–"],
        ["Model", [log.model, log.adapter].filter(Boolean).join(" with ") || "–"],
        ["Latency", <Num key="latency" value={log.latency_ms} format={formatDuration} />],
        [
          "Tokens",
          <span key="tokens">
            <Num value={log.input_tokens} /> in, <Num value={log.output_tokens} /> out
          </span>,
        ],
        ["Cost", <Num key="cost" value={log.cost} format={formatCost} />],
        ["Tags", log.tags.join(", ") || "–"],
      ]}
    />
  );
}

function Conversation({ log }: { log: WholeLog }) {
  const input = log.input ?? {};
  const messages = (input["messages"] ?? []) as { role: string; content: unknown }[];
  const asked =
    messages.length > 0
      ? messages
      : input["variables"]
        ? [{ role: "variables", content: input["variables"] }]
        : [{ role: "input", content: input["text"] ?? "" }];
  return (
    <div className={styles.panel}>
      {asked.map((message, place) => (
        <Turn key={place} who={message.role} words={readable(message.content)} />
      ))}
      {log.output !== null && <Turn who="answer" words={readable(log.output)} answer />}
      {log.error && <Turn who="error" words={log.error} bad />}
      {log.reference && <Turn who="right answer" words={log.reference} />}
    </div>
  );
}

interface TurnProps {
  who: string;
  words: string;
  answer?: boolean;
  bad?: boolean;
}

function Turn({ who, words, answer = false, bad = false }: TurnProps) {
  return (
    <div className={cx(styles.turn, answer && styles.assistant, bad && styles.bad)}>
      <div className={styles.role}>{who}</div>
      <p className={styles.words}>{words.trim()}</p>
    </div>
  );
}

function ScoreList({ log }: { log: WholeLog }) {
  if (log.scores.length === 0) return <p className={styles.total}>Not scored.</p>;
  return (
    <DataList
      items={log.scores.map((score) => [
        `${score.name} v${score.version}`,
        <span key={score.metric + score.author}>
          {(score.value ?? null) === null ? "no score" : score.value?.toFixed(2)}
          {score.label && ` (${score.label})`}
          {score.reason && ` · ${score.reason}`}
        </span>,
      ])}
    />
  );
}

/** Asks the model again, with the same commit's prompt and the same variables. */
function Replay({ project, log }: { project: string; log: WholeLog }) {
  const variables = log.input?.["variables"] as Record<string, unknown> | undefined;
  const again = useMutation({
    mutationFn: () =>
      take(
        client.POST("/api/v1/projects/{project}/playground", {
          params: { path: { project } },
          body: {
            path: `prompts/${log.prompt}.prompt`,
            ref: log.commit,
            variables: variables ?? {},
          } as never,
        }),
      ),
  });
  if (!variables || !log.prompt || !log.commit) return null;
  return (
    <div className={styles.panel}>
      <div>
        <Button icon="play" loading={again.isPending} onClick={() => again.mutate()}>
          Ask again
        </Button>
      </div>
      <FormError error={again.error} />
      {again.data && (
        <div className={styles.pair}>
          <Turn who="then" words={readable(log.output ?? log.error ?? "")} answer />
          <Turn who={`now · ${formatDuration(again.data.latency_ms)}`} words={again.data.text} answer />
        </div>
      )}
    </div>
  );
}
