import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { cx } from "@/lib/cx";
import { Icon } from "./Icon";
import styles from "./Page.module.css";

export interface Crumb {
  label: string;
  to: string;
  params?: Record<string, string>;
}

interface PageProps {
  title: ReactNode;
  /** The browser tab's words when the title is not plain text. */
  documentTitle?: string;
  /** Beside the title: a state badge, an id. */
  badge?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  /** From the wide to the near; the page itself is not among them. */
  breadcrumb?: Crumb[];
  /** "full" for tables and diffs; else at most 1,440 px. */
  width?: "normal" | "full" | "narrow";
  children?: ReactNode;
}

/** The frame of every page: one h1, what it is, what one can do. */
export function Page(props: PageProps) {
  const { title, badge, description, actions, breadcrumb = [], width = "normal", children } = props;
  useDocumentTitle(props.documentTitle ?? (typeof title === "string" ? title : undefined));
  return (
    <div className={cx(styles.page, styles[width])}>
      {breadcrumb.length > 0 && <Breadcrumb crumbs={breadcrumb} />}
      <header className={styles.head}>
        <div className={styles.words}>
          <div className={styles.line}>
            <h1 className={styles.title}>{title}</h1>
            {badge}
          </div>
          {description && <div className={styles.description}>{description}</div>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

function Breadcrumb({ crumbs }: { crumbs: Crumb[] }) {
  return (
    <nav aria-label="Breadcrumb" className={styles.crumbs}>
      <ol>
        {crumbs.map((crumb) => (
          <li key={crumb.to + crumb.label}>
            <Link to={crumb.to} params={crumb.params ?? {}}>
              {crumb.label}
            </Link>
            <Icon name="right" size={12} />
          </li>
        ))}
      </ol>
    </nav>
  );
}

function useDocumentTitle(title: string | undefined): void {
  useEffect(() => {
    if (title) document.title = `${title} · Variorum`;
  }, [title]);
}

/** Puts children below each other (default) or beside each other, with the grid's gaps. */
export function Stack({
  gap = 4,
  row = false,
  children,
}: {
  gap?: 1 | 2 | 3 | 4 | 6;
  row?: boolean;
  children: ReactNode;
}) {
  return (
    <div className={row ? styles.row : styles.stack} style={{ gap: gap * 4 }}>
      {children}
    </div>
  );
}

/** Equal columns, as many as fit; one column on a phone. */
export function Grid({ min = 280, children }: { min?: number; children: ReactNode }) {
  return (
    <div
      className={styles.grid}
      style={{ gridTemplateColumns: `repeat(auto-fill, minmax(min(100%, ${min}px), 1fr))` }}
    >
      {children}
    </div>
  );
}
