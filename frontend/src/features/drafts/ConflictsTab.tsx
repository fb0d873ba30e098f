import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useSettled } from "@/features/prompts/useSettled";
import { cx } from "@/lib/cx";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Icon } from "@/ui/Icon";
import { SkeletonText } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import { ConflictFileCard } from "./ConflictFileCard";
import conflicts from "./Conflicts.module.css";
import { mergedCheckQuery } from "./checking";
import styles from "./Drafts.module.css";
import type { Draft } from "./drafts";
import {
  type ConflictFile,
  type Decision,
  mergedTexts,
  openPlaces,
  type Resolution,
  resolutionQuery,
  sentDecisions,
  sideWords,
  UNDECIDED,
  useResolve,
} from "./resolution";

interface Props {
  project: string;
  draft: Draft;
}

/** What main and the draft both changed, place by place, to be decided here. */
export function ConflictsTab({ project, draft }: Props) {
  const asked = useQuery(resolutionQuery(project, draft));
  const [kept, setKept] = useState<Resolution>();
  const [touched, setTouched] = useState(false);
  if (asked.isError) return <ErrorState error={asked.error} retry={() => void asked.refetch()} />;
  const shown = touched ? kept : asked.data;
  if (!shown) {
    return (
      <Card>
        <SkeletonText lines={8} />
      </Card>
    );
  }
  const stale =
    asked.data !== undefined && (asked.data.head !== shown.head || asked.data.main !== shown.main);
  return (
    <div className={styles.stack}>
      {stale && (
        <p className={cx(styles.banner, styles.warn)} role="status">
          <Icon name="warn" />
          <span>
            Main or this draft changed while you were deciding. What you picked is still here to look at.
          </span>
          <Button size="small" icon="refresh" onClick={() => setTouched(false)}>
            Start again with what is new
          </Button>
        </p>
      )}
      <Deciding
        key={`${shown.head} ${shown.main}`}
        {...{ project, draft, shown, stale }}
        onTouch={() => {
          setKept(shown);
          setTouched(true);
        }}
        onSolved={() => setTouched(false)}
      />
    </div>
  );
}

interface DecidingProps extends Props {
  shown: Resolution;
  stale: boolean;
  onTouch: () => void;
  onSolved: () => void;
}

function Deciding({ project, draft, shown, stale, onTouch, onSolved }: DecidingProps) {
  const [decisions, setDecisions] = useState<Record<string, Decision>>({});
  const solve = useResolve(project, draft.number, () => {
    onSolved();
    toast("Solution saved", { detail: "The draft has main's changes now. It needs approval again." });
  });
  const wrong = useWrong(project, draft, shown.files, decisions);
  if (shown.files.length === 0) {
    return (
      <p className={cx(styles.banner, styles.ok)}>
        <Icon name="check" /> Nothing is left to decide.
      </p>
    );
  }
  const of = (path: string) => decisions[path] ?? UNDECIDED;
  const open = shown.files.reduce((sum, file) => sum + openPlaces(file, of(file.path)).length, 0);
  const unwritten = shown.files.filter(
    (file) => file.problems.length > 0 && of(file.path).text === null,
  ).length;
  const may = draft.may.save;
  const save = () =>
    solve.mutate({
      expected_head: shown.head,
      expected_main: shown.main,
      files: sentDecisions(shown.files, decisions),
    });
  return (
    <>
      <p className={cx(styles.banner, styles.warn)}>
        <Icon name="warn" />
        <span>
          {shown.files.some((file) => file.units.length > 0)
            ? `${sideWords(draft).happened}${may ? " Decide for each place what shall hold." : ""}`
            : `Main and this draft do not fit together, though no place clashes.${may ? " Put the text right." : ""}`}{" "}
          {may && "Nothing is saved before you say so."}
        </span>
      </p>
      {shown.files.map((file) => (
        <ConflictFileCard
          key={file.path}
          {...{ project, draft, file, may }}
          decision={of(file.path)}
          onDecide={(decision) => {
            onTouch();
            setDecisions({ ...decisions, [file.path]: decision });
          }}
        />
      ))}
      {may && (
        <div className={conflicts.foot}>
          <p role="status">
            {open > 0 && `${plural(open, "place")} to decide`}
            {open === 0 && unwritten > 0 && `${plural(unwritten, "file")} to put right`}
            {open === 0 && unwritten === 0 && wrong === 0 && "Everything is decided"}
            {open === 0 && unwritten === 0 && wrong > 0 && (
              <span className={conflicts.wrong}>
                <Icon name="warn" /> {plural(wrong, "thing")} to put right in what comes of it
              </span>
            )}
          </p>
          <FormError error={solve.error} />
          <Button
            variant="primary"
            icon="check"
            loading={solve.isPending}
            disabled={open > 0 || unwritten > 0 || wrong > 0 || stale}
            onClick={save}
          >
            Save the solution
          </Button>
        </div>
      )}
    </>
  );
}

/** How many things the check finds wrong in the texts as they are decided; none while it has not answered. */
function useWrong(
  project: string,
  draft: Draft,
  files: ConflictFile[],
  decisions: Record<string, Decision>,
): number {
  const texts = useSettled(useMemo(() => mergedTexts(files, decisions), [files, decisions]));
  return useQueries({
    queries: texts.map(({ path, text }) => mergedCheckQuery(project, path, draft.branch, text)),
    combine: (checks) => checks.reduce((sum, check) => sum + (check.data?.problems.length ?? 0), 0),
  });
}
