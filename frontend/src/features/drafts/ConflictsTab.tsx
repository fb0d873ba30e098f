import { useQuery } from "@tanstack/react-query";
import { cx } from "@/lib/cx";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Diff } from "@/ui/Diff";
import { ErrorState } from "@/ui/ErrorState";
import { Icon } from "@/ui/Icon";
import { SkeletonText } from "@/ui/Skeleton";
import styles from "./Drafts.module.css";
import { conflictsQuery, type Draft } from "./drafts";

/** What both sides did to the same lines since the draft began. */
export function ConflictsTab({ project, draft }: { project: string; draft: Draft }) {
  const conflicts = useQuery(conflictsQuery(project, draft.number));
  if (conflicts.isPending) {
    return (
      <Card>
        <SkeletonText lines={8} />
      </Card>
    );
  }
  if (conflicts.isError) return <ErrorState error={conflicts.error} retry={() => void conflicts.refetch()} />;
  return (
    <div className={styles.stack}>
      <p className={cx(styles.banner, styles.warn)}>
        <Icon name="warn" />
        <span>
          The latest version changed the same lines after this draft began, so it cannot be merged as it is.
          Suggest the change again on the latest version, with both in it.
        </span>
      </p>
      {conflicts.data.map((conflict) => (
        <Card
          key={conflict.path}
          padding="none"
          title={<span className={styles.place}>{conflict.path}</span>}
          actions={
            <ButtonLink
              size="small"
              icon="edit"
              to="/p/$project/suggest"
              params={{ project }}
              search={{ path: conflict.path }}
            >
              Suggest again on the latest version
            </ButtonLink>
          }
        >
          <div className={styles.sides}>
            <Side
              title="What the latest version did"
              path={conflict.path}
              old={conflict.base}
              next={conflict.ours}
            />
            <Side
              title="What this draft does"
              path={conflict.path}
              old={conflict.base}
              next={conflict.theirs}
            />
          </div>
        </Card>
      ))}
    </div>
  );
}

function Side({
  title,
  path,
  old,
  next,
}: {
  title: string;
  path: string;
  old: string | null;
  next: string | null;
}) {
  return (
    <div className={styles.side}>
      <h3>{title}</h3>
      <div className={styles.frame}>
        <Diff path={path} old={old} new={next} mode="unified" label={`${title} in ${path}`} />
      </div>
    </div>
  );
}
