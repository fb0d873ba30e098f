import { cx } from "@/lib/cx";
import { Icon } from "@/ui/Icon";
import type { Status } from "./SharedText";
import styles from "./Together.module.css";

/** Whether what was typed here is safe already. */
export function Kept({ status, watching }: { status: Status; watching: boolean }) {
  const offline = status.state === "offline";
  return (
    <span role="status" className={cx(styles.status, offline && styles.warn)}>
      {offline ? (
        <>
          <Icon name="warn" size={14} /> No connection: kept on this page
        </>
      ) : watching ? (
        <>
          <Icon name="people" size={14} /> Live, for reading
        </>
      ) : status.state === "sending" ? (
        "Keeping…"
      ) : status.state === "kept" ? (
        <>
          <Icon name="check" size={14} /> All kept
        </>
      ) : null}
    </span>
  );
}
