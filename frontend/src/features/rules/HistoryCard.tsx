import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ConfirmDialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonText } from "@/ui/Skeleton";
import { Time } from "@/ui/Time";
import { toast } from "@/ui/Toast";
import styles from "./Rules.module.css";
import { changesInWords, historyQuery, type InForce, type RuleSet, useRestore } from "./rules";

interface HistoryProps {
  project: string;
  environment: string;
  now: InForce;
  may: boolean;
  /** There are changes that are not saved: going back would lose them. */
  dirty: boolean;
}

/** Who changed the rules, when and why; each can be put in force again. */
export function HistoryCard({ project, environment, now, may, dirty }: HistoryProps) {
  const history = useQuery(historyQuery(project, environment));
  const [target, setTarget] = useState<RuleSet | null>(null);
  const restore = useRestore(project, environment);
  const confirm = () =>
    target &&
    restore.mutate(
      { to: target.number, note: "", expected: now.number },
      {
        onSuccess: () => {
          toast(`The rules of #${target.number} are in force again`);
          setTarget(null);
        },
      },
    );
  return (
    <Card title="History">
      {history.isError && <ErrorState error={history.error} retry={() => void history.refetch()} />}
      {history.isPending && <SkeletonText lines={3} />}
      {history.data?.length === 0 && <p className={styles.quiet}>Nobody has saved rules here yet.</p>}
      <ul className={styles.counts}>
        {history.data?.map((set) => (
          <li key={set.number}>
            <div className={styles.ruleHead}>
              <span>
                <strong>#{set.number}</strong> {set.actor_name}, <Time at={set.created_at} />
              </span>
              {may && set.number !== now.number && (
                <span className={styles.ruleActs}>
                  <Button
                    size="small"
                    icon="undo"
                    disabled={dirty}
                    onClick={() => setTarget(set)}
                    aria-label={`Go back to #${set.number}`}
                  >
                    Go back
                  </Button>
                </span>
              )}
            </div>
            {set.note && <p>{set.note}</p>}
            <p className={styles.quiet}>{changesInWords(set.changes) || "nothing changed"}</p>
          </li>
        ))}
      </ul>
      <ConfirmDialog
        open={target !== null}
        onClose={() => setTarget(null)}
        onConfirm={confirm}
        title={`Go back to the rules of #${target?.number}?`}
        action="Put them in force"
        loading={restore.isPending}
        error={restore.error}
      >
        What was changed since is taken back at once, for every app. It stays in the history.
      </ConfirmDialog>
    </Card>
  );
}
