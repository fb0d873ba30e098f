import { useQuery } from "@tanstack/react-query";
import { membersQuery } from "@/features/settings/members";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/Button";
import { Select } from "@/ui/Field";
import { StateBadge } from "@/ui/StateBadge";
import { toast, toastProblem } from "@/ui/Toast";
import drafts from "./Drafts.module.css";
import type { Draft } from "./drafts";
import styles from "./Review.module.css";
import { useAskReviewer, useDropReviewer } from "./review";

const WORDS = { waiting: "pending", approve: "approved", request_changes: "changes requested" };

/** Who was asked to look at the draft, and a way to ask somebody. */
export function Reviewers({ project, draft }: { project: string; draft: Draft }) {
  const members = useQuery({ ...membersQuery(project), enabled: draft.may.save }).data ?? [];
  const ask = useAskReviewer(project, draft.number, () =>
    toast("Asked", { detail: "They find it under Reviews." }),
  );
  const drop = useDropReviewer(project, draft.number);
  const asked = new Set(draft.reviewers.map((reviewer) => reviewer.user.id));
  const others = members.filter(
    ({ user, role }) => role !== "viewer" && user.id !== draft.author?.id && !asked.has(user.id),
  );
  return (
    <>
      {draft.reviewers.map((reviewer) => (
        <div key={reviewer.user.id} className={drafts.line}>
          <StateBadge state={WORDS[reviewer.state]}>
            {reviewer.state === "waiting" ? "asked" : WORDS[reviewer.state]}
          </StateBadge>
          <span className={cx(drafts.grow, drafts.quiet)}>
            {reviewer.user.name}, asked by {reviewer.asked_by_name}
          </span>
          {draft.may.save && reviewer.state === "waiting" && (
            <Button
              size="small"
              variant="quiet"
              aria-label={`Ask ${reviewer.user.name} no longer`}
              onClick={() => drop.mutate(reviewer.user.id, { onError: toastProblem })}
            >
              Take back
            </Button>
          )}
        </div>
      ))}
      {draft.may.save && others.length > 0 && (
        <div className={styles.ask}>
          <Select
            small
            aria-label="Ask somebody for a review"
            placeholder="Ask for a review…"
            value=""
            disabled={ask.isPending}
            options={others.map(({ user }) => ({ value: String(user.id), label: user.name }))}
            onChange={(event) =>
              event.target.value && ask.mutate(Number(event.target.value), { onError: toastProblem })
            }
          />
        </div>
      )}
    </>
  );
}
