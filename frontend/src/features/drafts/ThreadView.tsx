import { useState } from "react";
import { useSession } from "@/api/session";
import { cx } from "@/lib/cx";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { Time } from "@/ui/Time";
import { toastProblem } from "@/ui/Toast";
import { CommentForm } from "./CommentForm";
import styles from "./Drafts.module.css";
import { type Comment, type Draft, type Thread, useAddComment, useChangeComment } from "./drafts";
import { useDeleteComment } from "./review";
import { Said } from "./Said";
import { Suggestion } from "./Suggestion";

interface ThreadViewProps {
  project: string;
  draft: Draft;
  thread: Thread;
  /** Not between lines of a difference: it takes the width it is given. */
  alone?: boolean;
}

/** A remark and its answers; a resolved one is folded. */
export function ThreadView({ project, draft, thread, alone = false }: ThreadViewProps) {
  const { root, replies } = thread;
  const resolved = root.resolved_at !== null;
  const [open, setOpen] = useState<boolean>();
  if (!(open ?? !resolved)) {
    return (
      <div className={cx(styles.thread, alone && styles.alone, styles.folded)}>
        <Icon name="check" /> {plural(replies.length + 1, "comment")},{" "}
        {root.applied_commit ? "taken up" : "resolved"} by {root.resolved_by_name}
        <Button size="small" variant="quiet" onClick={() => setOpen(true)}>
          Show
        </Button>
      </div>
    );
  }
  return (
    <div className={cx(styles.thread, alone && styles.alone)}>
      {[root, ...replies].map((comment) => (
        <CommentView
          key={comment.id}
          project={project}
          draft={draft}
          comment={comment}
          answered={comment.id === root.id && replies.length > 0}
        />
      ))}
      {draft.may.comment && (
        <Answer project={project} draft={draft} root={root} onFold={() => setOpen(false)} />
      )}
    </div>
  );
}

function Answer(props: { project: string; draft: Draft; root: Comment; onFold: () => void }) {
  const { project, draft, root, onFold } = props;
  const [writing, setWriting] = useState(false);
  const add = useAddComment(project, draft.number, () => setWriting(false));
  const change = useChangeComment(project, draft.number);
  const resolved = root.resolved_at !== null;
  const settle = () =>
    change.mutate(
      { id: root.id, resolved: !resolved },
      { onSuccess: () => !resolved && onFold(), onError: toastProblem },
    );
  if (writing) {
    return (
      <div className={styles.answer}>
        <CommentForm
          project={project}
          label="Your answer"
          action="Answer"
          autoFocus
          loading={add.isPending}
          error={add.error}
          onSubmit={(body) => add.mutate({ body, parent: root.id })}
          onCancel={() => setWriting(false)}
        />
      </div>
    );
  }
  return (
    <div className={styles.answer}>
      <Button size="small" variant="quiet" icon="comment" onClick={() => setWriting(true)}>
        Answer
      </Button>
      <Button
        size="small"
        variant="quiet"
        icon={resolved ? "undo" : "check"}
        loading={change.isPending}
        onClick={settle}
      >
        {resolved ? "Open again" : "Resolve"}
      </Button>
    </div>
  );
}

interface CommentViewProps {
  project: string;
  draft: Draft;
  comment: Comment;
  /** Others have answered, so it cannot be taken back any more. */
  answered: boolean;
}

function CommentView({ project, draft, comment, answered }: CommentViewProps) {
  const remove = useDeleteComment(project, draft.number);
  const [editing, setEditing] = useState(false);
  const own = useSession().data?.id === comment.author?.id && draft.may.comment;
  const change = useChangeComment(project, draft.number, () => setEditing(false));
  return (
    <article className={styles.comment} id={`comment-${comment.id}`}>
      <div className={styles.head}>
        <strong>{comment.author_name}</strong>
        <Time at={comment.created_at} />
        {comment.edited_at && <span>edited</span>}
        {own && !editing && (
          <span className={styles.end}>
            <Button size="small" variant="quiet" onClick={() => setEditing(true)}>
              Edit
            </Button>
            {!answered && !comment.applied_commit && (
              <Button
                size="small"
                variant="quiet"
                loading={remove.isPending}
                onClick={() => remove.mutate(comment.id, { onError: toastProblem })}
              >
                Delete
              </Button>
            )}
          </span>
        )}
      </div>
      {editing ? (
        <CommentForm
          project={project}
          label="Your comment"
          action="Save"
          start={comment.body}
          autoFocus
          loading={change.isPending}
          error={change.error}
          onSubmit={(body) => change.mutate({ id: comment.id, body })}
          onCancel={() => setEditing(false)}
        />
      ) : (
        <>
          {comment.body && <Said project={project} text={comment.body} />}
          <Suggestion project={project} draft={draft} comment={comment} />
        </>
      )}
    </article>
  );
}
