import { StateBadge } from "@/ui/StateBadge";
import type { FineTune } from "./training";

const BADGES: Record<string, { state: string; word: string }> = {
  early: { state: "pending", word: "too early" },
  learning: { state: "ok", word: "learning" },
  flat: { state: "inconclusive", word: "flat" },
  overfitting: { state: "changes requested", word: "over-fitting" },
  better: { state: "better", word: "better" },
  same: { state: "inconclusive", word: "no better" },
};

/** What the curve says, in a word and a sentence. */
export function VerdictLine({ tune }: { tune: FineTune }) {
  const badge = BADGES[tune.verdict.state] ?? { state: "pending", word: tune.verdict.state };
  return (
    <span role="status">
      <StateBadge state={badge.state}>{badge.word}</StateBadge> {tune.verdict.text}
    </span>
  );
}
