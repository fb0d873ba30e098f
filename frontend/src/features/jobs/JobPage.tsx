import { useQuery } from "@tanstack/react-query";
import { useParams, useRouter } from "@tanstack/react-router";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CodeView } from "@/ui/CodeView";
import { DataList } from "@/ui/DataList";
import { Page, Stack } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { SkeletonPage } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import { JobProgress } from "./JobRow";
import styles from "./Jobs.module.css";
import { isOpen, type Job, jobQuery, kindWords, shownState } from "./jobs";
import { tookMs } from "./took";

/** Kinds of jobs that have a page of their own, with more to see. */
const OWN_PAGES: Record<string, { path: string; label: string }> = {
  fine_tune: { path: "/p/$project/training/$number", label: "Open the training" },
  evaluation: { path: "/p/$project/evaluations/$number", label: "Open the evaluation" },
};

export default function JobPage() {
  const { project = "", number = "" } = useParams({ strict: false });
  const job = useQuery(jobQuery(project, Number(number)));
  if (job.isPending) return <SkeletonPage />;
  if (job.isError) return <PageError error={job.error} retry={() => void job.refetch()} />;
  return <JobDetails project={project} job={job.data} />;
}

function JobDetails({ project, job }: { project: string; job: Job }) {
  const routes = useRouter().routesByPath as Record<string, unknown>;
  const own = OWN_PAGES[job.kind];
  return (
    <Page
      title={job.title}
      badge={<StateBadge state={shownState(job)} />}
      description={`Job #${job.number}, ${kindWords(job.kind)}`}
      breadcrumb={[{ label: "Jobs", to: "/p/$project/jobs", params: { project } }]}
      width="narrow"
      actions={
        own &&
        routes[own.path] !== undefined && (
          <ButtonLink variant="primary" to={own.path} params={{ project, number: String(job.number) }}>
            {own.label}
          </ButtonLink>
        )
      }
    >
      <Stack>
        {isOpen(job) && (
          <Card title="Progress">
            <JobProgress project={project} job={job} />
          </Card>
        )}
        {job.error && (
          <Card title={isOpen(job) ? "Why it is tried again" : "Why it failed"}>
            <p className={styles.error}>{job.error}</p>
          </Card>
        )}
        <Card title="About">
          <DataList
            items={[
              ["Asked for by", job.actor_name || "Variorum"],
              ["Asked for", <Time key="created" at={job.created_at} />],
              ["Began", job.started_at ? <Time key="started" at={job.started_at} /> : "not yet"],
              ["Ended", job.ended_at ? <Time key="ended" at={job.ended_at} /> : "not yet"],
              ["Took", tookMs(job) || "–"],
              ["Attempts", job.attempts],
            ]}
          />
        </Card>
        <ResultCard result={job.result} />
      </Stack>
    </Page>
  );
}

function ResultCard({ result }: { result: unknown }) {
  if (!result || typeof result !== "object" || Object.keys(result).length === 0) return null;
  return (
    <Card title="Result" padding="none">
      <CodeView label="Result" language="json" text={JSON.stringify(result, null, 2)} wrap />
    </Card>
  );
}
