import { useInfiniteQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { PlainShell } from "@/shell/PlainShell";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { LoadMore } from "@/ui/LoadMore";
import { Page } from "@/ui/Page";
import { SkeletonRows } from "@/ui/Skeleton";
import { useListKeys } from "@/ui/useListKeys";
import styles from "./Inbox.module.css";
import { wholeInboxQuery } from "./inbox";
import { MailChoice } from "./MailChoice";
import { NoticeRow } from "./NoticeRow";
import { MarkRead } from "./RecentNotices";

export default function InboxPage() {
  const inbox = useInfiniteQuery(wholeInboxQuery);
  const first = inbox.data?.pages[0];
  const notices = inbox.data?.pages.flatMap((page) => page.items) ?? [];
  const list = useRef<HTMLUListElement>(null);
  useListKeys(list);
  return (
    <PlainShell>
      <Page
        title="Inbox"
        description="What was told to you, from all your projects."
        width="narrow"
        actions={<MarkRead newest={first?.items[0]?.id} unread={first?.unread ?? 0} />}
      >
        <Card padding="none">
          {inbox.isPending && <SkeletonRows columns={1} />}
          {inbox.isError && <ErrorState error={inbox.error} retry={() => void inbox.refetch()} />}
          {inbox.isSuccess && notices.length === 0 && (
            <Empty icon="inbox" title="Nothing yet">
              Reviews that wait for you, ended jobs and alerts are told here.
            </Empty>
          )}
          <ul ref={list} className={styles.list}>
            {notices.map((notice) => (
              <NoticeRow key={notice.id} notice={notice} />
            ))}
          </ul>
          {inbox.hasNextPage && <LoadMore pages={inbox} />}
        </Card>
        <MailChoice />
      </Page>
    </PlainShell>
  );
}
