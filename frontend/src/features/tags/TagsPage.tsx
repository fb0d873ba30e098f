import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useLive } from "@/api/live";
import { useCan } from "@/api/session";
import { environmentsQuery } from "@/features/deployments/deployments";
import { MAIN } from "@/features/prompts/files";
import { useShortcut } from "@/lib/shortcuts";
import { Badge } from "@/ui/Badge";
import { Button, ButtonLink, IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ConfirmDialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Id } from "@/ui/Id";
import { Markdown } from "@/ui/Markdown";
import { Menu } from "@/ui/Menu";
import { Page } from "@/ui/Page";
import { SkeletonText } from "@/ui/Skeleton";
import { Time } from "@/ui/Time";
import { toast } from "@/ui/Toast";
import { NewTagDialog } from "./NewTag";
import type { TagsSearch } from "./routes";
import styles from "./Tags.module.css";
import { previousOf, type Tag, tagsQuery, useDeleteTag } from "./tags";

export default function TagsPage() {
  const { project = "" } = useParams({ strict: false });
  const { name } = useSearch({ strict: false }) as TagsSearch;
  const navigate = useNavigate();
  const may = useCan(project, "maintainer");
  useLive(project, () => undefined);
  const open = (ref?: string) =>
    void navigate({ to: ".", search: ref ? { name: ref } : {}, resetScroll: false });
  useShortcut("t", () => open(MAIN), { label: "New tag", enabled: may });
  const create = may && (
    <Button variant="primary" icon="plus" onClick={() => open(MAIN)}>
      New tag
    </Button>
  );
  return (
    <Page
      title="Tags"
      description="Versions that were given a name, with notes on what came with them. The newest first."
      breadcrumb={[{ label: "Prompts & files", to: "/p/$project/files", params: { project } }]}
      actions={create}
    >
      <TagList project={project} may={may} create={create} />
      {may && name && <NewTagDialog project={project} refName={name} onClose={() => open()} />}
    </Page>
  );
}

interface TagListProps {
  project: string;
  may: boolean;
  create: React.ReactNode;
}

function TagList({ project, may, create }: TagListProps) {
  const tags = useQuery(tagsQuery(project));
  const [deleting, setDeleting] = useState<Tag | null>(null);
  if (tags.isPending) {
    return (
      <Card>
        <SkeletonText lines={5} />
      </Card>
    );
  }
  if (tags.isError) return <ErrorState error={tags.error} retry={() => void tags.refetch()} />;
  if (tags.data.length === 0) {
    return (
      <Card padding="none">
        <Empty icon="tag" title="No tags yet" action={create}>
          A tag gives one version a name and notes, so that people can speak of “v3”, compare it and deploy
          it.
        </Empty>
      </Card>
    );
  }
  return (
    <>
      <ol className={styles.list}>
        {tags.data.map((tag, index) => (
          <li key={tag.name} id={`tag-${tag.name}`}>
            <Card>
              <Shown
                project={project}
                tag={tag}
                before={previousOf(tags.data, index)}
                may={may}
                onDelete={() => setDeleting(tag)}
              />
            </Card>
          </li>
        ))}
      </ol>
      {deleting && <DeleteTag project={project} tag={deleting} onClose={() => setDeleting(null)} />}
    </>
  );
}

interface ShownProps {
  project: string;
  tag: Tag;
  before: Tag | undefined;
  may: boolean;
  onDelete: () => void;
}

function Shown({ project, tag, before, may, onDelete }: ShownProps) {
  const environments = useQuery(environmentsQuery(project)).data ?? [];
  const live = environments.filter((environment) => environment.current?.commit === tag.commit);
  const first = environments[0]?.slug;
  return (
    <>
      <div className={styles.head}>
        <div>
          <div className={styles.name}>
            <h2>{tag.name}</h2>
            {live.map((environment) => (
              <Badge key={environment.slug} tone="accent">
                live in {environment.name}
              </Badge>
            ))}
          </div>
          <p className={styles.about}>
            <Link to="/p/$project/commits/$sha" params={{ project, sha: tag.commit }}>
              {tag.subject}
            </Link>{" "}
            <Id value={tag.commit} label="commit" /> · {tag.tagger_name || "pushed without notes"},{" "}
            <Time at={tag.at} />
          </p>
        </div>
        <div className={styles.acts}>
          {before && (
            <ButtonLink
              size="small"
              to="/p/$project/compare"
              params={{ project }}
              search={{ base: before.name, head: tag.name }}
            >
              Compare with {before.name}
            </ButtonLink>
          )}
          {may && first && (
            <ButtonLink
              size="small"
              icon="deploy"
              to="/p/$project/deployments"
              params={{ project }}
              search={{ deploy: first, commit: tag.commit }}
            >
              Deploy…
            </ButtonLink>
          )}
          {may && (
            <Menu
              align="end"
              trigger={<IconButton icon="more" size="small" label={`More for ${tag.name}`} />}
              groups={[
                { items: [{ label: "Delete the tag", icon: "trash", danger: true, onSelect: onDelete }] },
              ]}
            />
          )}
        </div>
      </div>
      {tag.notes && (
        <div className={styles.notes}>
          <Markdown text={tag.notes} />
        </div>
      )}
    </>
  );
}

function DeleteTag({ project, tag, onClose }: { project: string; tag: Tag; onClose: () => void }) {
  const remove = useDeleteTag(project);
  return (
    <ConfirmDialog
      open
      danger
      onClose={onClose}
      title={`Delete the tag ${tag.name}?`}
      action="Delete tag"
      loading={remove.isPending}
      error={remove.error}
      onConfirm={() =>
        remove.mutate(tag.name, {
          onSuccess: () => {
            toast(`${tag.name} is no name any more`);
            onClose();
          },
        })
      }
    >
      <p>
        The name and its notes go; the version itself stays. Whoever deploys or loads “{tag.name}” by name is
        refused from now on. The audit trail keeps the notes.
      </p>
    </ConfirmDialog>
  );
}
