import { useNavigate, useSearch } from "@tanstack/react-router";
import type { RefObject } from "react";
import { useShortcut } from "@/lib/shortcuts";

export type Layout = "split" | "unified";
export type Show = "rendered" | "source";

/** How differences are shown: as people read them, or line by line, in one column or two. */
export interface DiffView {
  show: Show;
  layout: Layout;
  /** There is one file: the switch above it is its own. */
  alone?: boolean;
}

/** The view, kept in the address. */
export function useDiffView(): [DiffView, (change: Partial<DiffView>) => void] {
  const search = useSearch({ strict: false }) as { view?: string; show?: string };
  const navigate = useNavigate();
  const view: DiffView = {
    show: search.show === "source" ? "source" : "rendered",
    layout: search.view === "unified" ? "unified" : "split",
  };
  const set = (change: Partial<DiffView>) => {
    const next = { ...view, ...change };
    void navigate({
      to: ".",
      search: (before: Record<string, unknown>) => ({
        ...before,
        view: next.layout === "split" ? undefined : next.layout,
        show: next.show === "rendered" ? undefined : next.show,
      }),
      replace: true,
      resetScroll: false,
    });
  };
  return [view, set];
}

/** j and k walk from file to file (elements with data-file) inside the container. */
export function useFileKeys(container: RefObject<HTMLElement | null>): void {
  const move = (step: 1 | -1) => {
    const files = [...(container.current?.querySelectorAll<HTMLElement>("[data-file]") ?? [])];
    const focused = files.findIndex((file) => file.contains(document.activeElement));
    const above = files.filter((file) => file.getBoundingClientRect().top < 60).length - 1;
    const target = files[focused >= 0 ? focused + step : Math.max(0, above + step)];
    target?.focus({ preventScroll: true });
    target?.scrollIntoView({ block: "start" });
  };
  useShortcut("j", () => move(1), { label: "Next file", group: "Changes" });
  useShortcut("k", () => move(-1), { label: "File before", group: "Changes" });
}
