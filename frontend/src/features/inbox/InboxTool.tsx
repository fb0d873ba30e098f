import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import styles from "@/shell/Shell.module.css";
import { Icon } from "@/ui/Icon";
import { Popover } from "@/ui/Popover";
import { SkeletonRows } from "@/ui/Skeleton";
import { inboxQuery } from "./inbox";

const RecentNotices = lazy(() => import("./RecentNotices"));

/** The top bar's inbox: how many are unread, and the newest. */
export function InboxTool() {
  const unread = useQuery(inboxQuery).data?.unread ?? 0;
  return (
    <Popover
      label="Inbox"
      width={400}
      trigger={
        <button
          type="button"
          className={styles.tool}
          aria-label={unread ? `Inbox, ${unread} unread` : "Inbox"}
        >
          <Icon name="inbox" />
          {unread > 0 && (
            <span className={styles.badge} aria-hidden="true">
              {unread > 99 ? "99+" : unread}
            </span>
          )}
        </button>
      }
    >
      {(close) => (
        <Suspense fallback={<SkeletonRows rows={3} columns={1} />}>
          <RecentNotices onGo={close} />
        </Suspense>
      )}
    </Popover>
  );
}
