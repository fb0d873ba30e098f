import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Project, projectsQuery } from "@/api/session";
import { ImportProject } from "@/features/portable/ImportProject";
import { ImportsUnderWay } from "@/features/portable/ImportsUnderWay";
import { PlainShell } from "@/shell/PlainShell";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Dialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Grid, Page } from "@/ui/Page";
import { Skeleton, SkeletonText } from "@/ui/Skeleton";
import { NewProject } from "./NewProject";
import styles from "./ProjectsPage.module.css";

export default function ProjectsPage() {
  const [creating, setCreating] = useState(false);
  const [importing, setImporting] = useState(false);
  const create = (
    <Button variant="primary" icon="plus" onClick={() => setCreating(true)}>
      New project
    </Button>
  );
  return (
    <PlainShell>
      <Page
        title="Projects"
        description="A project holds the prompts, data, deployments and people of one product."
        actions={
          <>
            <Button icon="upload" onClick={() => setImporting(true)}>
              Import a project
            </Button>
            {create}
          </>
        }
      >
        <ImportsUnderWay />
        <ProjectList create={create} />
        <Dialog open={creating} onClose={() => setCreating(false)} title="New project">
          <NewProject />
        </Dialog>
        <ImportProject open={importing} onClose={() => setImporting(false)} />
      </Page>
    </PlainShell>
  );
}

function ProjectList({ create }: { create: React.ReactNode }) {
  const projects = useQuery(projectsQuery);
  if (projects.isPending) return <Waiting />;
  if (projects.isError) return <ErrorState error={projects.error} retry={() => void projects.refetch()} />;
  if (projects.data.length === 0) {
    return (
      <Card padding="none">
        <Empty icon="overview" title="You are in no project yet" action={create}>
          Start one, or ask an owner of a project to add you.
        </Empty>
      </Card>
    );
  }
  return (
    <Grid min={320}>
      {projects.data.map((project) => (
        <ProjectCard key={project.slug} project={project} />
      ))}
    </Grid>
  );
}

function ProjectCard({ project }: { project: Project }) {
  return (
    <article className={styles.card} data-row={project.slug}>
      <div className={styles.line}>
        <h2 className={styles.name}>
          <Link to="/p/$project" params={{ project: project.slug }} className={styles.link}>
            {project.name}
          </Link>
        </h2>
        <Badge>{project.role}</Badge>
      </div>
      <p className={styles.words}>{project.description || project.slug}</p>
    </article>
  );
}

function Waiting() {
  return (
    <Grid min={320}>
      {[1, 2, 3].map((item) => (
        <div key={item} className={styles.card}>
          <Skeleton width={160} height={20} />
          <SkeletonText lines={2} />
        </div>
      ))}
    </Grid>
  );
}
