import { useQuery } from "@tanstack/react-query";
import type { ApiProblem } from "@/api/problem";
import { fileQuery } from "@/features/prompts/files";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Diff } from "@/ui/Diff";
import { SkeletonText } from "@/ui/Skeleton";
import { Time } from "@/ui/Time";
import styles from "./Drafts.module.css";
import type { Files } from "./drafts";

interface Theirs {
  head_commit: string;
  saved_by: string;
  saved_at: string;
  files: { path: string; theirs: string | null }[];
  other_files: string[];
}

interface StaleDialogProps {
  problem: ApiProblem;
  project: string;
  /** The version that was opened here. */
  head: string;
  edits: Files;
  onClose: () => void;
  /** Save these texts on top of the newer version. */
  onKeep: (head: string) => void;
  /** Drop these texts and load the newer version. */
  onTake: (head: string) => void;
}

/** Somebody saved first: what they did, and what saving now would do to it. */
export function StaleDialog({ problem, project, head, edits, onClose, onKeep, onTake }: StaleDialogProps) {
  const theirs = problem.extra as unknown as Theirs;
  return (
    <Dialog
      open
      onClose={onClose}
      shape="wide"
      title={`${theirs.saved_by} saved first`}
      description={
        <>
          <Time at={theirs.saved_at} />, after you opened this draft. Nothing of yours was saved yet, nothing
          is lost.
        </>
      }
    >
      <div className={styles.stack}>
        {theirs.files.map((file) => (
          <StaleFile
            key={file.path}
            {...{ project, head, file }}
            mine={edits[file.path] ?? null}
            who={theirs.saved_by}
          />
        ))}
        {theirs.other_files.length > 0 && (
          <p className={styles.quiet}>
            They also changed {theirs.other_files.join(", ")}; your save does not touch that.
          </p>
        )}
        <div className={styles.buttons}>
          <Button variant="primary" onClick={onClose}>
            Go on editing
          </Button>
          <Button onClick={() => onKeep(theirs.head_commit)}>Save mine over theirs</Button>
          <Button onClick={() => onTake(theirs.head_commit)}>Drop mine, load theirs</Button>
        </div>
      </div>
    </Dialog>
  );
}

interface StaleFileProps {
  project: string;
  head: string;
  file: { path: string; theirs: string | null };
  mine: string | null;
  who: string;
}

function StaleFile({ project, head, file, mine, who }: StaleFileProps) {
  const before = useQuery({ ...fileQuery(project, head, file.path), retry: false });
  if (before.isPending) return <SkeletonText lines={4} />;
  return (
    <div className={styles.tight}>
      <div className={styles.place}>{file.path}</div>
      <h3>What {who} changed</h3>
      <div className={styles.frame}>
        <Diff
          path={file.path}
          old={before.data?.text ?? null}
          new={file.theirs}
          mode="unified"
          label={`What ${who} changed in ${file.path}`}
        />
      </div>
      <h3>What saving yours would change in theirs</h3>
      <div className={styles.frame}>
        <Diff
          path={file.path}
          old={file.theirs}
          new={mine}
          mode="unified"
          label={`What saving yours would change in ${file.path}`}
        />
      </div>
    </div>
  );
}
