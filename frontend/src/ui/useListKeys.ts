import type { RefObject } from "react";
import { useShortcut } from "@/lib/shortcuts";

/** Lets j and k move the focus from row to row (elements with data-row) inside the container. */
export function useListKeys(container: RefObject<HTMLElement | null>, enabled = true): void {
  const move = (step: 1 | -1) => {
    const rows = [...(container.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
    const now = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[now < 0 ? (step > 0 ? 0 : rows.length - 1) : now + step];
    const target = next?.querySelector<HTMLElement>("[data-row-target]") ?? next;
    target?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  useShortcut("j", () => move(1), { label: "Next row", group: "Lists", enabled });
  useShortcut("k", () => move(-1), { label: "Previous row", group: "Lists", enabled });
}
