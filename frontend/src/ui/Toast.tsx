import { type ReactNode, useSyncExternalStore } from "react";
import { toProblem } from "@/api/problem";
import { cx } from "@/lib/cx";
import { IconButton } from "./Button";
import { Icon } from "./Icon";
import styles from "./Toast.module.css";

interface ToastOptions {
  tone?: "ok" | "bad" | "neutral";
  detail?: ReactNode;
  /** Undo, or a way to what was made. */
  action?: ReactNode;
}

interface Shown extends ToastOptions {
  id: number;
  title: string;
}

let shown: Shown[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(list: Shown[]): void {
  shown = list;
  for (const changed of listeners) changed();
}

function dismiss(id: number): void {
  set(shown.filter((item) => item.id !== id));
}

/** Says that something happened; goes by itself after six seconds, a failure after twelve. */
export function toast(title: string, options: ToastOptions = {}): void {
  const id = next++;
  set([...shown.slice(-2), { id, title, ...options }]);
  setTimeout(() => dismiss(id), options.tone === "bad" ? 12_000 : 6_000);
}

/** Says that an act failed, in the server's words; fits a mutation's `onError`. */
export function toastProblem(error: unknown): void {
  const problem = toProblem(error);
  toast(problem.title, { tone: "bad", detail: problem.detail });
}

/** The place where toasts appear; once in the app. */
export function Toaster() {
  const list = useSyncExternalStore(
    (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    () => shown,
  );
  return (
    <section aria-label="Messages" aria-live="polite" className={styles.place}>
      {list.map((item) => (
        <div key={item.id} className={cx(styles.toast, styles[item.tone ?? "ok"])}>
          <Icon name={item.tone === "bad" ? "warn" : item.tone === "neutral" ? "info" : "check"} />
          <div className={styles.words}>
            <div className={styles.title}>{item.title}</div>
            {item.detail && <div className={styles.detail}>{item.detail}</div>}
            {item.action && <div className={styles.action}>{item.action}</div>}
          </div>
          <IconButton icon="close" label="Dismiss" size="small" onClick={() => dismiss(item.id)} />
        </div>
      ))}
    </section>
  );
}
