import type { ReactNode } from "react";
import styles from "./DataList.module.css";

/** Names and values of one thing, in two columns; a missing value is a dash. */
export function DataList({ items }: { items: [name: string, value: ReactNode][] }) {
  return (
    <dl className={styles.list}>
      {items.map(([name, value]) => (
        <div key={name} className={styles.pair}>
          <dt>{name}</dt>
          <dd>{value ?? "–"}</dd>
        </div>
      ))}
    </dl>
  );
}
