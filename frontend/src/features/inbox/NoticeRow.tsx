import { useRouter } from "@tanstack/react-router";
import { cx } from "@/lib/cx";
import { Time } from "@/ui/Time";
import styles from "./Inbox.module.css";
import type { Notice } from "./inbox";

/** One notice: unread ones carry a dot and the word for screen readers. */
export function NoticeRow({ notice, onGo }: { notice: Notice; onGo?: () => void }) {
  const router = useRouter();
  const unread = notice.read_at === null;
  const words = (
    <>
      {unread && <span className="visually-hidden">Unread: </span>}
      {notice.title}
    </>
  );
  return (
    <li className={cx(styles.row, unread && styles.unread)} data-row={notice.id}>
      <span className={styles.dot} aria-hidden="true" />
      <div className={styles.words}>
        {notice.url?.startsWith("/") ? (
          <a
            href={notice.url}
            className={styles.link}
            data-row-target
            onClick={(event) => {
              if (event.metaKey || event.ctrlKey || event.shiftKey) return;
              event.preventDefault();
              router.history.push(notice.url ?? "/");
              onGo?.();
            }}
          >
            {words}
          </a>
        ) : (
          <span className={styles.title}>{words}</span>
        )}
        {notice.body && <p className={styles.body}>{notice.body}</p>}
        <p className={styles.when}>
          {notice.project} · <Time at={notice.at} />
        </p>
      </div>
    </li>
  );
}
