import type { ReactNode } from "react";
import { Icon, type IconName } from "./Icon";
import styles from "./States.module.css";

interface EmptyProps {
  icon?: IconName;
  /** What will be here: "No drafts yet". */
  title: string;
  /** What this is, in a sentence. */
  children?: ReactNode;
  /** The one button to start. */
  action?: ReactNode;
}

/** The empty state of a list, and its "no match" state (say what was asked and offer to clear it). */
export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className={styles.state}>
      {icon && (
        <span className={styles.disc}>
          <Icon name={icon} size={20} />
        </span>
      )}
      <p className={styles.title}>{title}</p>
      {children && <div className={styles.words}>{children}</div>}
      {action && <div className={styles.action}>{action}</div>}
    </div>
  );
}
