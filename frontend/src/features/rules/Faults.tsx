import type { ProblemItem } from "@/api/problem";
import { Icon } from "@/ui/Icon";
import styles from "./Rules.module.css";

/** What is wrong, at the thing that it concerns; nothing when all is well. */
export function Faults({ faults }: { faults: ProblemItem[] }) {
  if (faults.length === 0) return null;
  return (
    <ul className={styles.faults} role="alert">
      {faults.map((fault) => (
        <li key={fault.where + fault.code + fault.detail}>
          <Icon name="warn" size={14} />{" "}
          <span>{fault.detail.charAt(0).toUpperCase() + fault.detail.slice(1)}</span>
        </li>
      ))}
    </ul>
  );
}
