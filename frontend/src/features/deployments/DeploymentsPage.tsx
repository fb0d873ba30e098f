import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useLive } from "@/api/live";
import { useCan } from "@/api/session";
import { RolloutDialog } from "@/features/rollouts/RolloutDialog";
import { RolloutsTable } from "@/features/rollouts/RolloutsTable";
import { ShadowList } from "@/features/shadows/ShadowList";
import { StartShadowDialog } from "@/features/shadows/StartShadowDialog";
import { useShortcut } from "@/lib/shortcuts";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { Grid, Page } from "@/ui/Page";
import { SkeletonText } from "@/ui/Skeleton";
import { Tabs } from "@/ui/Tabs";
import { CommitMatrix } from "./CommitMatrix";
import { DeployDialog } from "./DeployDialog";
import { type Environment, environmentsQuery } from "./deployments";
import { EnvironmentCard } from "./EnvironmentCard";
import { HistoryTable } from "./HistoryTable";
import { LiveWhen } from "./LiveWhen";
import { PromoteDialog } from "./PromoteDialog";
import { RollBackDialog } from "./RollBackDialog";
import type { DeploymentsSearch } from "./routes";
import { Scheduled } from "./Scheduled";

/** The address as state: the tab, the moment, the open dialog. */
function useAddress() {
  const search = useSearch({ strict: false }) as DeploymentsSearch;
  const navigate = useNavigate();
  const go = (next: DeploymentsSearch, replace = false) =>
    void navigate({ to: ".", search: next, replace, resetScroll: false });
  return { search, go };
}

export default function DeploymentsPage() {
  const { project = "" } = useParams({ strict: false });
  const { search, go } = useAddress();
  const { deploy: target, rollout, commit, ...rest } = search;
  const environments = useQuery(environmentsQuery(project));
  const [rollingBack, setRollingBack] = useState<Environment | null>(null);
  const [promoting, setPromoting] = useState<Environment | null>(null);
  const may = useCan(project, "maintainer");
  useLive(project, () => undefined);
  const first = environments.data?.[0]?.slug;
  const deploy = (environment: string | undefined, sha?: string) =>
    environment && go({ ...rest, deploy: environment, ...(sha ? { commit: sha } : {}) });
  const rollOut = (environment: string | undefined) => environment && go({ ...rest, rollout: environment });
  useShortcut("d", () => deploy(first), { label: "Deploy a commit", enabled: may && first !== undefined });
  return (
    <Page
      title="Deployments"
      description="Which commit is live where. Apps fetch what an environment serves; a deploy or a roll-back reaches them within seconds."
      actions={
        may && (
          <>
            <Button icon="ramp" disabled={!first} onClick={() => rollOut(first)}>
              Roll out gradually
            </Button>
            <Button onClick={() => go({ ...rest, shadow: "new" })}>Shadow</Button>
            <Button variant="primary" icon="deploy" disabled={!first} onClick={() => deploy(first)}>
              Deploy
            </Button>
          </>
        )
      }
    >
      <Environments
        project={project}
        may={may}
        onDeploy={(environment) => deploy(environment.slug)}
        onRollOut={(environment) => rollOut(environment.slug)}
        onRollBack={setRollingBack}
        onPromote={setPromoting}
      />
      <Scheduled project={project} may={may} />
      <Tabs
        label="Views of deployments"
        value={search.tab ?? "commits"}
        onChange={(tab) => go(tab === "commits" ? {} : { tab })}
        tabs={[
          {
            value: "commits",
            label: "Commits",
            content: (
              <Card padding="none">
                <CommitMatrix project={project} onDeploy={may ? (sha) => deploy(first, sha) : undefined} />
              </Card>
            ),
          },
          {
            value: "rollouts",
            label: "Rollouts",
            content: (
              <Card padding="none">
                <RolloutsTable project={project} />
              </Card>
            ),
          },
          {
            value: "history",
            label: "History",
            content: (
              <Card padding="none">
                <HistoryTable project={project} />
              </Card>
            ),
          },
          {
            value: "shadows",
            label: "Shadows",
            content: (
              <ShadowList
                project={project}
                onStart={may ? () => go({ tab: "shadows", shadow: "new" }) : undefined}
              />
            ),
          },
          {
            value: "when",
            label: "What was live when?",
            content: (
              <LiveWhen
                project={project}
                at={search.at}
                environment={search.environment}
                onChange={(next) => go({ tab: "when", ...next }, true)}
              />
            ),
          },
        ]}
      />
      {may && target && environments.data && (
        <DeployDialog
          project={project}
          environments={environments.data}
          environment={target}
          commit={commit}
          onChange={(slug, sha) => go({ ...rest, deploy: slug, ...(sha ? { commit: sha } : {}) }, true)}
          onClose={() => go(rest)}
        />
      )}
      {may && rollout && environments.data && (
        <RolloutDialog
          project={project}
          environments={environments.data}
          environment={rollout}
          commit={commit}
          onChange={(slug, sha) => go({ ...rest, rollout: slug, ...(sha ? { commit: sha } : {}) }, true)}
          onClose={() => go(rest)}
        />
      )}
      {may && search.shadow && (
        <StartShadowDialog project={project} onClose={() => go(search.tab ? { tab: search.tab } : {})} />
      )}
      {promoting && (
        <PromoteDialog project={project} environment={promoting} onClose={() => setPromoting(null)} />
      )}
      {rollingBack && (
        <RollBackDialog
          project={project}
          environment={rollingBack.slug}
          name={rollingBack.name}
          to={rollingBack.rollback}
          onClose={() => setRollingBack(null)}
        />
      )}
    </Page>
  );
}

interface EnvironmentsProps {
  project: string;
  may: boolean;
  onDeploy: (environment: Environment) => void;
  onRollOut: (environment: Environment) => void;
  onRollBack: (environment: Environment) => void;
  onPromote: (environment: Environment) => void;
}

function Environments({ project, onPromote, ...acts }: EnvironmentsProps) {
  const environments = useQuery(environmentsQuery(project));
  if (environments.isError) {
    return (
      <Card padding="none">
        <ErrorState error={environments.error} retry={() => void environments.refetch()} />
      </Card>
    );
  }
  return (
    <Grid min={300}>
      {environments.isPending
        ? ["Development", "Staging", "Production"].map((name) => (
            <Card key={name} title={name}>
              <SkeletonText lines={4} />
            </Card>
          ))
        : environments.data.map((environment, place) => (
            <EnvironmentCard
              key={environment.slug}
              project={project}
              environment={environment}
              onPromote={environments.data[place - 1]?.current ? onPromote : undefined}
              {...acts}
            />
          ))}
    </Grid>
  );
}
