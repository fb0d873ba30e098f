import { lazy, Suspense, useEffect, useState } from "react";
import { useShortcut } from "@/lib/shortcuts";
import styles from "@/shell/Shell.module.css";
import { loadDialog } from "@/ui/Dialog";
import { Icon } from "@/ui/Icon";
import { Kbd } from "@/ui/Kbd";

const load = () => import("./Palette");
const Palette = lazy(load);

/** The top bar's search field; Ctrl-K or / opens it anywhere. */
export function PaletteTool({ project }: { project: string }) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    // Ready before the first Ctrl-K, so that no letter typed right after it is lost.
    const timer = setTimeout(() => void Promise.all([load(), loadDialog()]), 1_000);
    return () => clearTimeout(timer);
  }, []);
  useShortcut("mod+k", () => setOpen((before) => !before), {
    label: "Search and commands",
    group: "Everywhere",
  });
  useShortcut("/", () => setOpen(true), { label: "Search", group: "Everywhere" });
  return (
    <>
      <button
        type="button"
        className={styles.searchButton}
        aria-haspopup="dialog"
        onPointerEnter={() => void load()}
        onClick={() => setOpen(true)}
      >
        <Icon name="search" />
        <span>Search or jump to…</span>
        <span aria-hidden="true">
          <Kbd keys="mod+k" />
        </span>
      </button>
      {open && (
        <Suspense>
          <Palette project={project} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
