import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { projectQuery, useCan } from "@/api/session";
import { environmentsQuery } from "@/features/deployments/deployments";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { Page } from "@/ui/Page";
import { SkeletonText } from "@/ui/Skeleton";
import { EnvironmentHealth } from "./EnvironmentHealth";
import styles from "./Overview.module.css";
import { WaitsForMe } from "./WaitsForMe";

/** What is live and is it healthy; what waits for me. */
export default function OverviewPage() {
  const { project = "" } = useParams({ strict: false });
  const about = useQuery(projectQuery(project)).data;
  const editor = useCan(project, "editor");
  return (
    <Page
      title={about?.name ?? project}
      documentTitle={`Overview · ${about?.name ?? project}`}
      description={about?.description}
      actions={
        editor && (
          <ButtonLink variant="primary" icon="edit" to="/p/$project/suggest" params={{ project }}>
            Suggest a change
          </ButtonLink>
        )
      }
    >
      <div className={styles.columns}>
        <Environments project={project} />
        <WaitsForMe project={project} />
      </div>
    </Page>
  );
}

function Environments({ project }: { project: string }) {
  const environments = useQuery(environmentsQuery(project));
  if (environments.isPending) {
    return (
      <Card title="Live">
        <SkeletonText lines={8} />
      </Card>
    );
  }
  if (environments.isError) {
    return (
      <Card title="Live" padding="none">
        <ErrorState error={environments.error} retry={() => void environments.refetch()} />
      </Card>
    );
  }
  const ordered = environments.data.toSorted((a, b) => b.position - a.position);
  return (
    <div className={styles.environments}>
      {ordered.map((environment) => (
        <EnvironmentHealth key={environment.slug} project={project} environment={environment} />
      ))}
    </div>
  );
}
