import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { formatExact } from "@/lib/format";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { Field, TextInput } from "@/ui/Field";
import { Id } from "@/ui/Id";
import { Grid, Stack } from "@/ui/Page";
import { SkeletonText } from "@/ui/Skeleton";
import styles from "./Deployments.module.css";
import { type Deployment, fromLocalInput, liveQuery, toLocalInput, useEnvironmentNames } from "./deployments";
import { EnvironmentName } from "./EnvironmentCard";

interface LiveWhenProps {
  project: string;
  /** The moment asked for; undefined: when the page was opened. */
  at: string | undefined;
  onChange: (at: string) => void;
}

/** "What was live when?": a moment, and the answer for each environment. */
export function LiveWhen({ project, at, onChange }: LiveWhenProps) {
  const [opened] = useState(() => new Date().toISOString());
  const moment = at && !Number.isNaN(Date.parse(at)) ? at : opened;
  const nameOf = useEnvironmentNames(project);
  const live = useQuery(liveQuery(project, moment));
  return (
    <Stack>
      <div className={styles.moment}>
        <Field label="At" hint="Your local time.">
          <TextInput
            type="datetime-local"
            value={toLocalInput(moment)}
            onChange={(event) => {
              const next = fromLocalInput(event.target.value);
              if (next) onChange(next);
            }}
          />
        </Field>
      </div>
      {live.isError && <ErrorState error={live.error} retry={() => void live.refetch()} />}
      {live.isPending && (
        <Grid min={300}>
          {[1, 2, 3].map((item) => (
            <Card key={item}>
              <SkeletonText />
            </Card>
          ))}
        </Grid>
      )}
      {live.data && (
        <Grid min={300}>
          {live.data.map((item) => (
            <Card
              key={item.environment}
              title={
                <EnvironmentName environment={{ slug: item.environment, name: nameOf(item.environment) }} />
              }
            >
              {item.deployment ? (
                <Then project={project} deployment={item.deployment} />
              ) : (
                <p className={styles.quiet}>Nothing had been deployed here.</p>
              )}
            </Card>
          ))}
        </Grid>
      )}
    </Stack>
  );
}

function Then({ project, deployment }: { project: string; deployment: Deployment }) {
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
        <Id value={deployment.commit} label="commit" /> · #{deployment.number} · {deployment.actor_name}
      </p>
      <p className={styles.quiet}>
        From {formatExact(new Date(deployment.created_at))}{" "}
        {deployment.until ? `until ${formatExact(new Date(deployment.until))}` : "until now"}
      </p>
    </div>
  );
}
