import { StateBadge } from "@/ui/StateBadge";
import { type DraftItem, reviewState } from "./drafts";

/** Where the review of a draft stands, or how the draft ended. */
export function ReviewBadge({ draft }: { draft: DraftItem }) {
  if (draft.state !== "open") return <StateBadge state={draft.state} plain />;
  const state = reviewState(draft);
  return (
    <StateBadge state={state} plain>
      {state === "pending" ? "waits for review" : state}
    </StateBadge>
  );
}
