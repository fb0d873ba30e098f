import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { TagBadges } from "@/features/tags/TagBadges";
import { formatExact } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CodeView } from "@/ui/CodeView";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Field, TextInput } from "@/ui/Field";
import { Id } from "@/ui/Id";
import { Grid, Stack } from "@/ui/Page";
import { SkeletonText } from "@/ui/Skeleton";
import styles from "./Deployments.module.css";
import {
  type Deployment,
  fromLocalInput,
  liveQuery,
  type Moment,
  servedQuery,
  toLocalInput,
} from "./deployments";
import { EnvironmentName } from "./EnvironmentCard";

const HOUR = 3_600_000;
/** How far the clocks of browser and server may differ. */
const AHEAD = 300_000;
const STEPS = [
  { label: "An hour ago", ms: HOUR },
  { label: "Yesterday, this time", ms: 24 * HOUR },
  { label: "A week ago", ms: 7 * 24 * HOUR },
];

interface LiveWhenProps {
  project: string;
  /** The moment asked for; undefined: when the page was opened. */
  at: string | undefined;
  /** The environment whose texts are open. */
  environment: string | undefined;
  onChange: (next: { at: string; environment?: string }) => void;
}

/** "What was live when?": a moment, and the answer for each environment. The address holds both. */
export function LiveWhen({ project, at, environment, onChange }: LiveWhenProps) {
  const [opened] = useState(() => new Date().toISOString());
  const moment = at && !Number.isNaN(Date.parse(at)) ? at : opened;
  const coming = Date.parse(moment) > Date.now() + AHEAD;
  const live = useQuery({
    ...liveQuery(project, moment),
    placeholderData: keepPreviousData,
    enabled: !coming,
  });
  const go = (next: string) => onChange({ at: next, ...(environment ? { environment } : {}) });
  if (coming) {
    return (
      <Stack>
        <When moment={moment} onChange={go} />
        <Empty
          icon="clock"
          title="This moment is still to come"
          action={<Button onClick={() => go(new Date().toISOString())}>What is live now</Button>}
        >
          Nobody knows yet what will be live at {formatExact(new Date(moment))}. Choose a moment up to now.
        </Empty>
      </Stack>
    );
  }
  return (
    <Stack>
      <When moment={moment} onChange={go} />
      {live.isError && <ErrorState error={live.error} retry={() => void live.refetch()} />}
      {live.isPending && (
        <Grid min={300}>
          {[1, 2, 3].map((item) => (
            <Card key={item}>
              <SkeletonText lines={5} />
            </Card>
          ))}
        </Grid>
      )}
      {live.data && (
        <Grid min={300}>
          {live.data.map((item) => (
            <Card
              key={item.environment}
              title={<EnvironmentName environment={{ slug: item.environment, name: item.name }} />}
            >
              <Then
                project={project}
                item={item}
                open={environment === item.environment}
                onOpen={(open) =>
                  onChange({ at: moment, ...(open ? { environment: item.environment } : {}) })
                }
                onGo={go}
              />
            </Card>
          ))}
        </Grid>
      )}
      {environment && <Served project={project} at={moment} environment={environment} />}
    </Stack>
  );
}

function When({ moment, onChange }: { moment: string; onChange: (at: string) => void }) {
  const [now] = useState(() => Date.now());
  return (
    <div className={styles.when}>
      <div className={styles.moment}>
        <Field label="At" hint={`Your local time, ${zoneInWords(new Date(moment))}.`}>
          <TextInput
            type="datetime-local"
            step={1}
            value={toLocalInput(moment, 19)}
            onChange={(event) => {
              const next = fromLocalInput(event.target.value);
              if (next) onChange(next);
            }}
          />
        </Field>
      </div>
      <div className={styles.steps}>
        {STEPS.map(({ label, ms }) => (
          <Button key={label} size="small" onClick={() => onChange(new Date(now - ms).toISOString())}>
            {label}
          </Button>
        ))}
      </div>
    </div>
  );
}

/** "Europe/Berlin, UTC+1". */
export function zoneInWords(at: Date): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const minutes = -at.getTimezoneOffset();
  const sign = minutes < 0 ? "−" : "+";
  const hours = Math.floor(Math.abs(minutes) / 60);
  const rest = Math.abs(minutes) % 60;
  const offset =
    minutes === 0 ? "UTC" : `UTC${sign}${hours}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
  return timeZone === offset ? offset : `${timeZone}, ${offset}`;
}

interface ThenProps {
  project: string;
  item: Moment;
  open: boolean;
  onOpen: (open: boolean) => void;
  onGo: (at: string) => void;
}

function Then({ project, item, open, onOpen, onGo }: ThenProps) {
  const { deployment, before, after, prompts } = item;
  return (
    <div className={styles.then}>
      {deployment ? (
        <What project={project} deployment={deployment} tags={item.tags} />
      ) : (
        <p className={styles.quiet}>Nothing had been deployed here.</p>
      )}
      {prompts.length > 0 && (
        <div>
          <Button size="small" icon="comment" aria-expanded={open} onClick={() => onOpen(!open)}>
            {open ? "Hide the prompts" : `Prompts (${prompts.length})`}
            <span className="visually-hidden"> of {item.name}</span>
          </Button>
        </div>
      )}
      {(before || after) && (
        <div className={styles.sides}>
          {before && <Side label="Before" deployment={before} onGo={onGo} />}
          {after && <Side label="After" deployment={after} onGo={onGo} />}
        </div>
      )}
    </div>
  );
}

interface WhatProps {
  project: string;
  deployment: Deployment;
  tags: string[];
}

function What({ project, deployment, tags }: WhatProps) {
  return (
    <div>
      <Link
        to="/p/$project/deployments/$number"
        params={{ project, number: String(deployment.number) }}
        className={styles.subject}
      >
        {deployment.subject}
      </Link>
      <p className={styles.quiet}>
        <Id value={deployment.commit} label="commit" /> <TagBadges project={project} names={tags} /> · #
        {deployment.number} · {deployment.kind === "rollback" ? "rolled back by" : "deployed by"}{" "}
        {deployment.actor_name}
      </p>
      <p className={styles.quiet}>
        From {formatExact(new Date(deployment.created_at))}{" "}
        {deployment.until ? `until ${formatExact(new Date(deployment.until))}` : "until now"}
      </p>
    </div>
  );
}

/** The neighbour on one side; a click goes to the moment at which it went live. */
function Side({
  label,
  deployment,
  onGo,
}: {
  label: string;
  deployment: Deployment;
  onGo: (at: string) => void;
}) {
  return (
    <p className={styles.quiet}>
      {label}:{" "}
      <button
        type="button"
        className={styles.go}
        title={`Went live ${formatExact(new Date(deployment.created_at))}`}
        onClick={() => onGo(deployment.created_at)}
      >
        #{deployment.number} {deployment.subject}
      </button>
    </p>
  );
}

/** The texts that apps were served then, from the frozen bundle. */
function Served({ project, at, environment }: { project: string; at: string; environment: string }) {
  const served = useQuery(servedQuery(project, at, environment));
  if (served.isError) return <ErrorState error={served.error} retry={() => void served.refetch()} />;
  if (served.isPending) return <SkeletonText lines={8} />;
  return served.data.map((prompt) => (
    <Card key={prompt.name} title={prompt.path} padding="none">
      <CodeView wrap lines text={prompt.text ?? ""} language="prompt" label={`Text of ${prompt.path}`} />
    </Card>
  ));
}
