import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonText } from "@/ui/Skeleton";
import inbox from "./Inbox.module.css";
import { inboxQuery, useMarkRead } from "./inbox";
import { NoticeRow } from "./NoticeRow";

export default function RecentNotices({ onGo }: { onGo: () => void }) {
  const notices = useQuery(inboxQuery);
  const items = notices.data?.items.slice(0, 10) ?? [];
  return (
    <section>
      <header className={inbox.head}>
        <h2>Inbox</h2>
        <MarkRead newest={items[0]?.id} unread={notices.data?.unread ?? 0} />
        <Link to="/inbox" onClick={onGo}>
          See all
        </Link>
      </header>
      {notices.isPending && (
        <div className={inbox.pad}>
          <SkeletonText />
        </div>
      )}
      {notices.isError && <ErrorState error={notices.error} retry={() => void notices.refetch()} />}
      {notices.data?.items.length === 0 && (
        <p className={inbox.none}>
          Nothing yet. Reviews that wait for you, ended jobs and alerts are told here.
        </p>
      )}
      <ul>
        {items.map((notice) => (
          <NoticeRow key={notice.id} notice={notice} onGo={onGo} />
        ))}
      </ul>
    </section>
  );
}

/** One press marks all as read; nothing when all are. */
export function MarkRead({ newest, unread }: { newest: number | undefined; unread: number }) {
  const mark = useMarkRead();
  if (newest === undefined || unread === 0) return null;
  return (
    <Button size="small" icon="check" loading={mark.isPending} onClick={() => mark.mutate(newest)}>
      Mark {plural(unread, "notice")} read
    </Button>
  );
}
