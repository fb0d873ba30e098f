import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import type { Commit } from "@/features/prompts/files";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { Icon, type IconName } from "@/ui/Icon";
import { SkeletonText } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import { CommentForm } from "./CommentForm";
import styles from "./Drafts.module.css";
import {
  type Approval,
  commentsQuery,
  type Draft,
  type Thread,
  threadsOf,
  useAddComment,
  verdictsQuery,
  versionsQuery,
} from "./drafts";
import { Said } from "./Said";
import { TakeAllUp } from "./Suggestion";
import { ThreadView } from "./ThreadView";

interface Props {
  project: string;
  draft: Draft;
}

interface Item {
  key: string;
  at: string;
  shown: ReactNode;
}

/** Everything that was said and done, oldest first, and a place to say more. */
export function ConversationTab({ project, draft, talk }: Props & { talk: number }) {
  const comments = useQuery(commentsQuery(project, draft.number));
  const verdicts = useQuery(verdictsQuery(project, draft.number));
  const versions = useQuery(versionsQuery(project, draft.number));
  useGoTo(comments.isSuccess && verdicts.isSuccess && versions.isSuccess);
  const failed = [comments, verdicts, versions].find((query) => query.isError);
  if (failed) return <ErrorState error={failed.error} retry={() => void failed.refetch()} />;
  if (!comments.data || !verdicts.data || !versions.data) {
    return (
      <Card>
        <SkeletonText lines={6} />
      </Card>
    );
  }
  const items = [
    opened(draft),
    ...versions.data.map((version) => saved(project, draft, version)),
    ...verdicts.data.map((verdict) => judged(project, draft, verdict)),
    ...threadsOf(comments.data).map((thread) => said(project, draft, thread)),
    ...ended(draft),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return (
    <div className={styles.stack} style={{ maxWidth: 880 }}>
      <TakeAllUp project={project} draft={draft} comments={comments.data} />
      {items.map((item) => (
        <div key={item.key}>{item.shown}</div>
      ))}
      {draft.may.comment && <Say key={talk} project={project} draft={draft} focus={talk > 0} />}
    </div>
  );
}

/** A notice leads to a comment or a verdict by #comment-12 or #approval-3; it comes after the address. */
function useGoTo(there: boolean) {
  const hash = useLocation({ select: (location) => location.hash });
  useEffect(() => {
    if (there && /^(comment|approval)-/.test(hash))
      document.getElementById(hash)?.scrollIntoView({ block: "center" });
  }, [there, hash]);
}

/** `focus`: somebody asked to write, by the key c. */
function Say({ project, draft, focus }: Props & { focus: boolean }) {
  const add = useAddComment(project, draft.number, () => undefined);
  return (
    <Card title="Say something">
      <CommentForm
        key={add.submittedAt}
        project={project}
        label="Comment on the whole draft"
        action="Comment"
        autoFocus={focus || add.isSuccess}
        rows={4}
        loading={add.isPending}
        error={add.error}
        onSubmit={(body) => add.mutate({ body })}
      />
    </Card>
  );
}

function EventLine({ icon, at, children }: { icon: IconName; at: string; children: ReactNode }) {
  return (
    <div className={styles.event}>
      <Icon name={icon} />
      <span>{children}</span>
      <Time at={at} />
    </div>
  );
}

function opened(draft: Draft): Item {
  const shown = (
    <EventLine icon="draft" at={draft.created_at}>
      <strong>{draft.author_name}</strong> suggested this
    </EventLine>
  );
  return { key: "opened", at: draft.created_at, shown };
}

/** Git keeps whole seconds, so a draft's first version seems to come before the draft itself. */
function saved(project: string, draft: Draft, version: Commit): Item {
  const at = Date.parse(version.at) < Date.parse(draft.created_at) ? draft.created_at : version.at;
  const shown = (
    <EventLine icon="commit" at={version.at}>
      <strong>{version.author_name}</strong> saved{" "}
      <Link to="/p/$project/commits/$sha" params={{ project, sha: version.sha }}>
        {version.subject}
      </Link>
    </EventLine>
  );
  return { key: version.sha, at, shown };
}

function judged(project: string, draft: Draft, verdict: Approval): Item {
  const approve = verdict.verdict === "approve";
  const stale = draft.state === "open" && verdict.commit !== draft.head_commit;
  const shown = (
    <div className={styles.tight} id={`approval-${verdict.id}`}>
      <EventLine icon={approve ? "check" : "warn"} at={verdict.created_at}>
        <strong>{verdict.author.name}</strong>{" "}
        <StateBadge state={approve ? "approved" : "changes requested"} plain />
        {stale && <span> an earlier version</span>}
      </EventLine>
      {verdict.body && <Said project={project} text={verdict.body} />}
    </div>
  );
  return { key: `verdict-${verdict.id}`, at: verdict.created_at, shown };
}

function said(project: string, draft: Draft, thread: Thread): Item {
  const { root } = thread;
  const shown = (
    <div className={styles.tight}>
      {root.path && (
        <div className={styles.place}>
          {root.path}
          {root.line && `, line ${root.current?.line ?? root.line}`}
          {root.line && !root.current && " (gone)"}
        </div>
      )}
      <ThreadView project={project} draft={draft} thread={thread} alone />
    </div>
  );
  return { key: `thread-${root.id}`, at: root.created_at, shown };
}

function ended(draft: Draft): Item[] {
  if (!draft.ended_at) return [];
  const shown = (
    <EventLine icon={draft.state === "merged" ? "merge" : "close"} at={draft.ended_at}>
      <strong>{draft.ended_by_name}</strong>{" "}
      {draft.state === "merged" ? "merged this" : "closed this without merging"}
    </EventLine>
  );
  return [{ key: "ended", at: draft.ended_at, shown }];
}
