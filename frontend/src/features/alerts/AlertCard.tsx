import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useCan } from "@/api/session";
import { formatExact, formatNumber } from "@/lib/format";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Menu } from "@/ui/Menu";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import { toastProblem } from "@/ui/Toast";
import styles from "./Alerts.module.css";
import { type Alert, type Figures, useAcknowledge, useSilence } from "./alerts";
import { FigureBar } from "./FigureBar";
import { Subject } from "./Subject";
import { Suspects } from "./Suspects";
import { intervalOf, limitOf, minutesInWords, scopeOf, written } from "./words";

/** One alert: what it found in which window, how sure, and who may be to blame. */
export function AlertCard({ project, alert, title }: { project: string; alert: Alert; title?: ReactNode }) {
  return (
    <Card
      title={
        <span className={styles.title}>
          <StateBadge state={alert.state} />
          {title ?? (
            <Link to="/p/$project/alerts/$number" params={{ project, number: String(alert.number) }}>
              {alert.rule_name}
            </Link>
          )}
        </span>
      }
      description={<Since alert={alert} />}
      actions={<AlertActions project={project} alert={alert} />}
    >
      <div className={styles.alert}>
        <Found alert={alert} found={alert.figures} project={project} />
        <Suspects project={project} alert={alert} />
      </div>
    </Card>
  );
}

function Since({ alert }: { alert: Alert }) {
  return (
    <span className={styles.since}>
      #{alert.number} · began <Time at={alert.opened_at} />
      {alert.resolved_at && (
        <>
          {" · resolved "}
          <Time at={alert.resolved_at} />
          {alert.resolution === "quiet" && ", as nothing was logged any more"}
          {alert.resolution === "changed" && ", as its rule was changed"}
        </>
      )}
      {alert.acknowledged_at && (
        <Badge>
          {alert.acknowledged_name} looks at it, <Time at={alert.acknowledged_at} />
        </Badge>
      )}
      {isSilenced(alert.silenced_until) && alert.state === "firing" && (
        <Badge tone="warn">
          silenced, ends <Time at={alert.silenced_until} />
        </Badge>
      )}
    </span>
  );
}

function isSilenced(until: string | null): boolean {
  return until !== null && new Date(until) > new Date();
}

function Found({ alert, found, project }: { alert: Alert; found: Figures; project: string }) {
  const { kind } = alert.condition;
  const interval = intervalOf(kind, found);
  return (
    <div className={styles.found}>
      <p className={styles.headline}>
        <Subject rule={alert.condition} />{" "}
        <strong>{found.value === null ? "–" : written(kind, found.value)}</strong>
      </p>
      <FigureBar kind={kind} found={found} />
      <dl className={styles.facts}>
        <Fact name="Fires">{limitOf(alert.condition)}</Fact>
        {interval && <Fact name="95 % interval">{interval}</Fact>}
        <Fact name={kind === "score" ? "Scores" : "Requests"}>n = {formatNumber(found.n)}</Fact>
        <Fact name="Window">
          <Link
            to="/p/$project/logs"
            params={{ project }}
            search={{ from: found.from, to: found.to, ...named(alert.condition) }}
            title={`${formatExact(new Date(found.from))} to ${formatExact(new Date(found.to))}`}
          >
            {clock(found.from)} to {clock(found.to)}
          </Link>{" "}
          ({minutesInWords(alert.condition.window_minutes)})
        </Fact>
        <Fact name="Scope">{scopeOf(alert.condition)}</Fact>
      </dl>
    </div>
  );
}

function named({ prompt, environment }: Alert["condition"]) {
  return { ...(prompt ? { prompt } : {}), ...(environment ? { environment } : {}) };
}

/** "14:03", with the day when it is not today. */
function clock(iso: string): string {
  const at = new Date(iso);
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (at.toDateString() === new Date().toDateString()) return time;
  return `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${time}`;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function AlertActions({ project, alert }: { project: string; alert: Alert }) {
  const acknowledge = useAcknowledge(project);
  const mayAcknowledge = useCan(project, "editor");
  const maySilence = useCan(project, "maintainer");
  if (alert.state !== "firing") return null;
  return (
    <>
      {maySilence && alert.rule !== null && (
        <SilenceMenu project={project} rule={alert.rule} until={alert.silenced_until} />
      )}
      {mayAcknowledge && !alert.acknowledged_at && (
        <Button
          size="small"
          icon="check"
          loading={acknowledge.isPending}
          onClick={() => acknowledge.mutate(alert.number, { onError: toastProblem })}
        >
          Acknowledge
        </Button>
      )}
    </>
  );
}

const SPANS = [
  { minutes: 60, label: "For 1 hour" },
  { minutes: 24 * 60, label: "For 1 day" },
];

/** Quiet for a while: nobody is told, the page goes on showing it. */
export function SilenceMenu({
  project,
  rule,
  until,
}: {
  project: string;
  rule: number;
  until: string | null;
}) {
  const silence = useSilence(project);
  const set = (minutes: number) => silence.mutate({ rule, minutes }, { onError: toastProblem });
  const items = SPANS.map((span) => ({ label: span.label, onSelect: () => set(span.minutes) }));
  const end = { label: "End the silence", icon: "undo" as const, onSelect: () => set(0) };
  return (
    <Menu
      align="end"
      trigger={
        <Button size="small" icon="clock" loading={silence.isPending}>
          {isSilenced(until) ? "Silenced" : "Silence"}
        </Button>
      }
      groups={isSilenced(until) ? [{ items }, { items: [end] }] : [{ items }]}
    />
  );
}
