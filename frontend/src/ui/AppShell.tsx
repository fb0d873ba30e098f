import { type ReactNode, useEffect, useState } from "react";
import styles from "./AppShell.module.css";
import { IconButton } from "./Button";
import { Dialog } from "./Dialog";

interface AppShellProps {
  /** Left end of the top bar: the mark and the project switcher. */
  brand?: ReactNode;
  /** Middle: search. */
  search?: ReactNode;
  /** Right end: live jobs, inbox, person. */
  tools?: ReactNode;
  /** The left rail; on a phone the same inside a menu. */
  rail?: ReactNode;
  /** The address: a change closes the phone's menu. */
  at?: string;
  children: ReactNode;
}

/** Top bar, rail and the page; a skip link first. */
export function AppShell({ brand, search, tools, rail, at, children }: AppShellProps) {
  const [menuOpen, setMenuOpen] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address is the trigger
  useEffect(() => setMenuOpen(false), [at]);
  return (
    <div className={rail ? styles.shell : styles.bareShell}>
      <a href="#main" className={styles.skip}>
        Skip to the page
      </a>
      <header className={styles.top}>
        {rail && (
          <span className={styles.burger}>
            <IconButton icon="menu" label="Menu" aria-expanded={menuOpen} onClick={() => setMenuOpen(true)} />
          </span>
        )}
        <div className={styles.brand}>{brand}</div>
        <div className={styles.search}>{search}</div>
        <div className={styles.tools}>{tools}</div>
      </header>
      {rail && <div className={styles.side}>{rail}</div>}
      <main id="main" tabIndex={-1} className={styles.main}>
        {children}
      </main>
      <Dialog open={menuOpen} onClose={() => setMenuOpen(false)} title="Menu" shape="side">
        {rail}
      </Dialog>
    </div>
  );
}
