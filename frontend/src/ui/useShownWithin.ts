import { type RefObject, useEffect } from "react";

/** Scrolls a row of places sideways until the chosen one stands in it; a phone's row is wider than its window. */
export function useShownWithin(row: RefObject<HTMLElement | null>, chosen: string, value: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: `value` says when another place was chosen.
  useEffect(() => {
    const list = row.current;
    const place = list?.querySelector<HTMLElement>(chosen);
    if (!list || !place) return;
    const from = place.offsetLeft - list.offsetLeft;
    if (from < list.scrollLeft) list.scrollLeft = from - 24;
    const beyond = from + place.offsetWidth - list.scrollLeft - list.clientWidth;
    if (beyond > 0) list.scrollLeft += beyond + 24;
  }, [row, chosen, value]);
}
