import { useSyncExternalStore } from "react";
import { formatExact, formatRelative } from "@/lib/format";
import { Tooltip } from "./Tooltip";

let tick = 0;
const listeners = new Set<() => void>();

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

setInterval(() => {
  tick += 1;
  for (const changed of listeners) changed();
}, 20_000);

/** "5 min ago", kept current, with the exact time on hover. Nothing for a missing time. */
export function Time({ at }: { at: string | Date | null | undefined }) {
  useSyncExternalStore(subscribe, () => tick);
  if (!at) return null;
  const date = typeof at === "string" ? new Date(at) : at;
  return (
    <Tooltip text={formatExact(date)}>
      <time dateTime={date.toISOString()} style={{ whiteSpace: "nowrap" }}>
        {formatRelative(date)}
      </time>
    </Tooltip>
  );
}
