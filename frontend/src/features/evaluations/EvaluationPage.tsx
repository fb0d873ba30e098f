import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useCan } from "@/api/session";
import { JobProgress } from "@/features/jobs/JobRow";
import { jobQuery } from "@/features/jobs/jobs";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Id } from "@/ui/Id";
import { Page, Stack } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { SkeletonPage } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import styles from "./Evaluations.module.css";
import {
  type EvaluationDetail,
  evaluationLink,
  evaluationQuery,
  isOver,
  stateOf,
  subjectWords,
} from "./evaluations";
import { Facts } from "./Facts";
import { LabelTable } from "./LabelTable";
import { MetricTable } from "./MetricTable";
import { Results } from "./Results";
import { RunDialog } from "./RunDialog";
import { VerdictCard } from "./VerdictCard";

export default function EvaluationPage() {
  const { project = "", number = "" } = useParams({ strict: false });
  const job = useQuery(jobQuery(project, Number(number)));
  const found = useQuery({
    ...evaluationQuery(project, Number(number)),
    refetchInterval: (query) => (query.state.data && !query.state.data.concluded_at ? 3_000 : false),
  });
  if (found.isPending) return <SkeletonPage />;
  if (found.isError) return <PageError error={found.error} retry={() => void found.refetch()} />;
  const evaluation = found.data;
  return (
    <Page
      title={evaluation.suite_name}
      documentTitle={`${evaluation.suite_name} #${evaluation.number}`}
      badge={<StateBadge state={stateOf(evaluation)} />}
      description={<About project={project} evaluation={evaluation} />}
      breadcrumb={[{ label: "Evaluations", to: "/p/$project/evaluations", params: { project } }]}
      actions={<Actions project={project} evaluation={evaluation} />}
      width="full"
    >
      <Stack>
        {!isOver(evaluation) && job.data && (
          <Card title="Progress">
            <JobProgress project={project} job={job.data} />
          </Card>
        )}
        {isOver(evaluation) && !evaluation.concluded_at && evaluation.baseline !== null && (
          <Waiting project={project} evaluation={evaluation} />
        )}
        {evaluation.concluded_at && <VerdictCard project={project} evaluation={evaluation} />}
        {evaluation.summary && (
          <Card title="Metrics" padding="none">
            <MetricTable project={project} evaluation={evaluation} />
          </Card>
        )}
        <Results project={project} evaluation={evaluation} />
        <LabelTable project={project} evaluation={evaluation} />
        <Facts project={project} evaluation={evaluation} />
      </Stack>
    </Page>
  );
}

function About({ project, evaluation }: { project: string; evaluation: EvaluationDetail }) {
  return (
    <span className={styles.about}>
      #{evaluation.number} on{" "}
      {evaluation.draft === null ? (
        subjectWords(evaluation)
      ) : (
        <Link to="/p/$project/drafts/$number" params={{ project, number: String(evaluation.draft) }}>
          {subjectWords(evaluation)}
        </Link>
      )}{" "}
      at <Id value={evaluation.commit} label="commit" /> · {evaluation.actor_name}{" "}
      <Time at={evaluation.created_at} />
    </span>
  );
}

function Waiting({ project, evaluation }: { project: string; evaluation: EvaluationDetail }) {
  return (
    <Card>
      <p>
        All rows are done. The verdict waits for{" "}
        <Link {...evaluationLink(project, evaluation.baseline ?? 0)}>evaluation #{evaluation.baseline}</Link>{" "}
        of main, which is still running.
      </p>
    </Card>
  );
}

function Actions({ project, evaluation }: { project: string; evaluation: EvaluationDetail }) {
  const [again, setAgain] = useState(false);
  const may = useCan(project, "editor");
  const navigate = useNavigate();
  return (
    <>
      <ButtonLink
        to="/p/$project/evaluations/suites/$suite"
        params={{ project, suite: evaluation.suite }}
        icon="settings"
      >
        Suite
      </ButtonLink>
      {may && (
        <Button icon="play" onClick={() => setAgain(true)}>
          Evaluate again
        </Button>
      )}
      {again && (
        <RunDialog
          project={project}
          suite={evaluation.suite}
          draft={evaluation.draft ?? undefined}
          onClose={() => setAgain(false)}
          onStarted={(made) => void navigate(evaluationLink(project, made.number))}
        />
      )}
    </>
  );
}
