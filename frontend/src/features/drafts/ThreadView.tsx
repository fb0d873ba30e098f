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
  const [open, setOpen] = useState(root.resolved_at === null);
  if (!open) {
    return (
      <div className={cx(styles.thread, alone && styles.alone, styles.folded)}>
        <Icon name="check" /> {plural(replies.length + 1, "comment")}, resolved by {root.resolved_by_name}
        <Button size="small" variant="quiet" onClick={() => setOpen(true)}>
          Show
        </Button>
      </div>
    );
  }
  return (
    <div className={cx(styles.thread, alone && styles.alone)}>
      {[root, ...replies].map((comment) => (
        <CommentView key={comment.id} project={project} draft={draft} comment={comment} />
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
        {resolved ? "Take up again" : "Resolve"}
      </Button>
    </div>
  );
}

function CommentView({ project, draft, comment }: { project: string; draft: Draft; comment: Comment }) {
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
          </span>
        )}
      </div>
      {editing ? (
        <CommentForm
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
        <p className={styles.body}>{comment.body}</p>
      )}
    </article>
  );
}
