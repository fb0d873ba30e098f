import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useCan } from "@/api/session";
import { RevertButton } from "@/features/drafts/RevertButton";
import { TagBadges } from "@/features/tags/TagBadges";
import { useTagNames } from "@/features/tags/tags";
import { plural } from "@/lib/format";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Id } from "@/ui/Id";
import { Page } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { SkeletonPage } from "@/ui/Skeleton";
import { Time } from "@/ui/Time";
import { FileDiffs } from "./FileDiffs";
import { type Commit, commitQuery } from "./files";
import styles from "./Prompt.module.css";

export default function CommitPage() {
  const { project = "", sha = "" } = useParams({ strict: false });
  const commit = useQuery(commitQuery(project, sha));
  const namesOf = useTagNames(project);
  const maintainer = useCan(project, "maintainer");
  if (commit.isPending) return <SkeletonPage />;
  if (commit.isError) return <PageError error={commit.error} retry={() => void commit.refetch()} />;
  const { subject, body, files } = commit.data;
  return (
    <Page
      title={subject}
      width="full"
      breadcrumb={[
        { label: "Prompts & files", to: "/p/$project/files", params: { project } },
        { label: "History", to: "/p/$project/commits", params: { project } },
      ]}
      badge={<TagBadges project={project} names={namesOf(commit.data.sha)} />}
      description={<About commit={commit.data} count={files.length} />}
      actions={
        <>
          {maintainer && (
            <ButtonLink
              icon="tag"
              to="/p/$project/tags"
              params={{ project }}
              search={{ name: commit.data.sha }}
            >
              Tag…
            </ButtonLink>
          )}
          <RevertButton project={project} sha={commit.data.sha} />
        </>
      }
    >
      {body && (
        <Card padding="none">
          <p className={styles.words}>{body}</p>
        </Card>
      )}
      <FileDiffs
        project={project}
        files={files}
        base={commit.data.parents[0] ?? null}
        refName={commit.data.sha}
      />
    </Page>
  );
}

function About({ commit, count }: { commit: Commit; count: number }) {
  return (
    <>
      {commit.author_name}, <Time at={commit.at} />, {plural(count, "file")}, commit{" "}
      <Id value={commit.sha} label="commit" />
    </>
  );
}
