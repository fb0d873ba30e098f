import { useEffect, useState } from "react";
import { listShortcuts, useShortcut } from "@/lib/shortcuts";
import { Dialog } from "@/ui/Dialog";
import { Kbd } from "@/ui/Kbd";
import styles from "./ShortcutSheet.module.css";

const ORDER = ["Everywhere", "Go to", "Lists", "This page"];

const ASKED = "variorum:keys";

/** Opens the sheet from elsewhere. */
export function showKeys(): void {
  window.dispatchEvent(new Event(ASKED));
}

/** `?` lists the keys that work on the page one is on. */
export function ShortcutSheet() {
  const [open, setOpen] = useState(false);
  useShortcut("?", () => setOpen(true), { label: "Show these keys", group: "Everywhere" });
  useEffect(() => {
    const show = () => setOpen(true);
    window.addEventListener(ASKED, show);
    return () => window.removeEventListener(ASKED, show);
  }, []);
  return (
    <Dialog open={open} onClose={() => setOpen(false)} title="Keyboard" shape="wide">
      <Groups />
    </Dialog>
  );
}

function Groups() {
  const all = listShortcuts();
  const submit = { keys: "mod+Enter", label: "Submit a form", group: "Everywhere" };
  const groups = [...new Set([...ORDER, ...all.map((item) => item.group)])];
  return (
    <div className={styles.groups}>
      {groups.map((group) => {
        const items = [...all, submit].filter((item) => item.group === group);
        return (
          items.length > 0 && (
            <section key={group}>
              <h3>{group}</h3>
              <dl className={styles.list}>
                {items.map((item) => (
                  <div key={item.keys}>
                    <dt>{item.label}</dt>
                    <dd>
                      <Kbd keys={item.keys} />
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          )
        );
      })}
    </div>
  );
}
