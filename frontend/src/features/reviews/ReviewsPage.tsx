import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type ReactNode, useRef } from "react";
import { type DraftItem, draftLink } from "@/features/drafts/drafts";
import { type Desk, deskQuery, type Mention, type Waiting, WHY } from "@/features/drafts/review";
import { plural } from "@/lib/format";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { Page } from "@/ui/Page";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import { useListKeys } from "@/ui/useListKeys";
import styles from "./Reviews.module.css";

/** What waits for me, what of mine waits for others, and where I am called. */
export default function ReviewsPage() {
  const { project = "" } = useParams({ strict: false });
  const desk = useQuery(deskQuery(project));
  const lists = useRef<HTMLDivElement>(null);
  useListKeys(lists);
  return (
    <Page
      title="Reviews"
      description="What waits for you, and what of yours waits for others."
      width="narrow"
    >
      {desk.isPending && (
        <Card padding="none">
          <SkeletonRows columns={2} />
        </Card>
      )}
      {desk.isError && <ErrorState error={desk.error} retry={() => void desk.refetch()} />}
      {desk.isSuccess && (
        <div ref={lists} className={styles.lists}>
          <Lists project={project} desk={desk.data} />
        </div>
      )}
    </Page>
  );
}

function Lists({ project, desk }: { project: string; desk: Desk }) {
  return (
    <>
      <List title="Waits for my review" count={desk.waiting.length} empty="No draft waits for you.">
        {desk.waiting.map((waiting) => (
          <WaitingRow key={waiting.draft.number} project={project} waiting={waiting} />
        ))}
      </List>
      <List title="My drafts" count={desk.mine.length} empty="You have no open draft.">
        {desk.mine.map((draft) => (
          <MineRow key={draft.number} project={project} draft={draft} />
        ))}
      </List>
      <List title="I am mentioned" count={desk.mentions.length} empty="Nobody has called you by @name yet.">
        {desk.mentions.map((mention) => (
          <MentionRow key={mention.id} project={project} mention={mention} />
        ))}
      </List>
    </>
  );
}

interface ListProps {
  title: string;
  count: number;
  empty: string;
  children: ReactNode;
}

function List({ title, count, empty, children }: ListProps) {
  return (
    <Card title={count ? `${title} (${count})` : title} padding="none">
      {count === 0 ? <p className={styles.none}>{empty}</p> : <ul>{children}</ul>}
    </Card>
  );
}

function WaitingRow({ project, waiting }: { project: string; waiting: Waiting }) {
  const { draft, why, asked_by } = waiting;
  return (
    <Row
      id={`w${draft.number}`}
      project={project}
      number={draft.number}
      title={draft.title}
      badge={
        <StateBadge state={why === "asked" ? "open" : "pending"} plain>
          {WHY[why]}
        </StateBadge>
      }
    >
      #{draft.number} by {draft.author_name}
      {asked_by && `, ${asked_by} asks you`}, {plural(draft.paths.length, "file")},{" "}
      <Time at={draft.updated_at} />
    </Row>
  );
}

function MineRow({ project, draft }: { project: string; draft: DraftItem }) {
  const changes = draft.objection_count > 0;
  const ready = draft.blockers.length === 0;
  const state = changes ? "changes requested" : ready ? "approved" : "pending";
  return (
    <Row
      id={`m${draft.number}`}
      project={project}
      number={draft.number}
      title={draft.title}
      badge={
        <StateBadge state={state} plain>
          {ready ? "ready to merge" : changes ? state : "waits for others"}
        </StateBadge>
      }
    >
      #{draft.number}, {draft.blockers[0]?.detail ?? "nothing stands in its way"}{" "}
      <Time at={draft.updated_at} />
    </Row>
  );
}

function MentionRow({ project, mention }: { project: string; mention: Mention }) {
  const { draft, comment, approval } = mention;
  return (
    <Row
      id={`n${mention.id}`}
      project={project}
      number={draft.number}
      title={draft.title}
      badge={<StateBadge state={draft.state} plain />}
      place={comment ? `comment-${comment}` : approval ? `approval-${approval}` : ""}
    >
      {mention.by}: {mention.text} <Time at={mention.created_at} />
    </Row>
  );
}

interface RowProps {
  id: string;
  project: string;
  number: number;
  title: string;
  badge: ReactNode;
  place?: string;
  children: ReactNode;
}

function Row({ id, project, number, title, badge, place, children }: RowProps) {
  const link = place
    ? { ...draftLink(project, number, "conversation"), hash: place }
    : draftLink(project, number);
  return (
    <li className={styles.row} data-row={id}>
      <div className={styles.head}>
        <Link {...link} className={styles.link} data-row-target>
          {title}
        </Link>
        {badge}
      </div>
      <p className={styles.words}>{children}</p>
    </li>
  );
}
