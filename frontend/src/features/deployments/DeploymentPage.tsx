import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import { useLive } from "@/api/live";
import { useCan } from "@/api/session";
import { FileDiffs } from "@/features/prompts/FileDiffs";
import { compareQuery } from "@/features/prompts/files";
import { CommitTags } from "@/features/tags/TagBadges";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { DataList } from "@/ui/DataList";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Id } from "@/ui/Id";
import { Markdown } from "@/ui/Markdown";
import { Page } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { SkeletonPage, SkeletonText } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import { ChangedFiles } from "./ChangedFiles";
import {
  changesInWords,
  type DeploymentDetail,
  deploymentQuery,
  environmentsQuery,
  overrideInWords,
  useEnvironmentNames,
} from "./deployments";
import { EnvironmentName } from "./EnvironmentCard";
import { RollBackDialog } from "./RollBackDialog";

export default function DeploymentPage() {
  const { project = "", number = "" } = useParams({ strict: false });
  const deployment = useQuery(deploymentQuery(project, Number(number)));
  useLive(project, () => undefined);
  if (deployment.isPending) return <SkeletonPage />;
  if (deployment.isError) {
    return <PageError error={deployment.error} retry={() => void deployment.refetch()} />;
  }
  return <Shown project={project} deployment={deployment.data} />;
}

interface ShownProps {
  project: string;
  deployment: DeploymentDetail;
}

function Shown({ project, deployment }: ShownProps) {
  const nameOf = useEnvironmentNames(project);
  return (
    <Page
      title={deployment.subject}
      documentTitle={`#${deployment.number} ${deployment.subject}`}
      width="full"
      badge={deployment.until === null ? <StateBadge state="live" /> : undefined}
      breadcrumb={[{ label: "Deployments", to: "/p/$project/deployments", params: { project } }]}
      description={
        <>
          #{deployment.number}, {deployment.kind === "rollback" ? "rolled back" : "deployed"} to{" "}
          {nameOf(deployment.environment)} by {deployment.actor_name}, <Time at={deployment.created_at} />
        </>
      }
      actions={<RollBack project={project} deployment={deployment} />}
    >
      <Card>
        <Facts project={project} deployment={deployment} />
      </Card>
      <Changes project={project} deployment={deployment} />
    </Page>
  );
}

/** On the live one: back to what was before. On an older one: back to it. */
function RollBack({ project, deployment }: ShownProps) {
  const may = useCan(project, "maintainer");
  const [asking, setAsking] = useState(false);
  const environment = useQuery(environmentsQuery(project)).data?.find(
    (item) => item.slug === deployment.environment,
  );
  const live = deployment.until === null;
  const to = live ? (environment?.rollback ?? null) : deployment.number;
  const same = !live && environment?.current?.commit === deployment.commit;
  if (!may || !environment || to === null || same) return null;
  return (
    <>
      <Button icon="undo" onClick={() => setAsking(true)}>
        {live ? "Roll back" : `Roll back ${environment.name} to this`}
      </Button>
      {asking && (
        <RollBackDialog
          project={project}
          environment={environment.slug}
          name={environment.name}
          to={to}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

function Facts({ project, deployment }: ShownProps) {
  const nameOf = useEnvironmentNames(project);
  return (
    <DataList
      items={[
        [
          "Environment",
          <EnvironmentName
            key="environment"
            environment={{ slug: deployment.environment, name: nameOf(deployment.environment) }}
          />,
        ],
        [
          "Commit",
          <Fragment key="commit">
            <Id value={deployment.commit} label="commit" length={12} />{" "}
            <CommitTags project={project} commit={deployment.commit} />
          </Fragment>,
        ],
        ["Live from", <Time key="from" at={deployment.created_at} />],
        ["Live until", deployment.until ? <Time key="until" at={deployment.until} /> : "now"],
        ...(deployment.restores
          ? [
              [
                "Restored",
                <DeploymentLink key="restores" project={project} number={deployment.restores} />,
              ] as [string, React.ReactNode],
            ]
          : []),
        ...(deployment.override
          ? [
              [
                "Overridden",
                `${overrideInWords(deployment.override)} (${deployment.override.actor_name})`,
              ] as [string, React.ReactNode],
            ]
          : []),
        [
          "Before it",
          deployment.before ? (
            <DeploymentLink
              key="before"
              project={project}
              number={deployment.before.number}
              words={deployment.before.subject}
            />
          ) : (
            "nothing"
          ),
        ],
        ["Note", deployment.note ? <Markdown key="note" text={deployment.note} /> : null],
        ["Bundle", <Id key="hash" value={deployment.hash} label="bundle hash" length={12} />],
      ]}
    />
  );
}

function DeploymentLink({ project, number, words }: { project: string; number: number; words?: string }) {
  return (
    <Link to="/p/$project/deployments/$number" params={{ project, number: String(number) }}>
      #{number}
      {words && ` ${words}`}
    </Link>
  );
}

function Changes({ project, deployment }: ShownProps) {
  const { before, changes } = deployment;
  if (changes.length === 0) {
    return (
      <Card padding="none">
        <Empty icon="check" title="Nothing changed against what was live before" />
      </Card>
    );
  }
  if (before === null) {
    return (
      <Card title="The first deployment here" padding="none">
        <ChangedFiles changes={changes} />
      </Card>
    );
  }
  return (
    <Lines project={project} base={before.commit} head={deployment.commit} words={changesInWords(changes)} />
  );
}

function Lines({
  project,
  base,
  head,
  words,
}: {
  project: string;
  base: string;
  head: string;
  words: string;
}) {
  const compared = useQuery(compareQuery(project, base, head));
  if (compared.isError) return <ErrorState error={compared.error} retry={() => void compared.refetch()} />;
  return (
    <>
      <h2>Against what was live before, {words}</h2>
      {compared.isPending ? (
        <Card>
          <SkeletonText lines={8} />
        </Card>
      ) : (
        <FileDiffs project={project} files={compared.data.files} base={base} refName={head} />
      )}
    </>
  );
}
