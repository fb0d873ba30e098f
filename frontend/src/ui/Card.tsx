import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import styles from "./Card.module.css";

interface CardProps {
  title?: ReactNode;
  /** One short line under the title. */
  description?: ReactNode;
  actions?: ReactNode;
  /** "none" lets a table or a chart reach the card's edge. */
  padding?: "normal" | "none";
  children?: ReactNode;
  id?: string;
}

export function Card({ title, description, actions, padding = "normal", children, id }: CardProps) {
  return (
    <section className={styles.card} id={id}>
      {(title || actions) && (
        <header className={styles.head}>
          <div className={styles.words}>
            {title && <h2 className={styles.title}>{title}</h2>}
            {description && <p className={styles.description}>{description}</p>}
          </div>
          {actions && <div className={styles.actions}>{actions}</div>}
        </header>
      )}
      {children && <div className={cx(padding === "normal" && styles.body)}>{children}</div>}
    </section>
  );
}
