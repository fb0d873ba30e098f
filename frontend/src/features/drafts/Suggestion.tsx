import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { toast, toastProblem } from "@/ui/Toast";
import type { Comment, Draft } from "./drafts";
import styles from "./Review.module.css";
import { openSuggestions, useApplySuggestions } from "./review";

interface Props {
  project: string;
  draft: Draft;
}

/** A suggested text beside what stands there, and the button that takes it up. */
export function Suggestion({ project, draft, comment }: Props & { comment: Comment }) {
  const apply = useApplySuggestions(project, draft.number, () =>
    toast("Taken up", { detail: "It is part of the draft now." }),
  );
  const state = comment.suggestion_state;
  if (comment.suggestion === null || !state) return null;
  const lines =
    comment.end_line === comment.line
      ? `line ${comment.line}`
      : `lines ${comment.line} to ${comment.end_line}`;
  return (
    <section className={styles.suggestion} aria-label={`Suggestion by ${comment.author_name}`}>
      <p className={styles.suggestionHead}>Suggested for {lines}</p>
      <div className={styles.lines}>
        <Lines sign="−" words="Now" text={comment.original} className={styles.gone} />
        {comment.suggestion === "" ? (
          <p className={styles.removed}>These lines would go.</p>
        ) : (
          <Lines sign="+" words="Suggested" text={comment.suggestion} className={styles.come} />
        )}
      </div>
      <div className={styles.suggestionFoot}>
        {state === "applied" && (
          <span className={styles.done}>
            <Icon name="check" /> Taken up
          </span>
        )}
        {state === "outdated" && (
          <span className={styles.quiet}>
            The lines have changed since, so it cannot be taken up as it is.
          </span>
        )}
        {state === "open" && draft.may.save && (
          <Button
            size="small"
            icon="check"
            loading={apply.isPending}
            onClick={() => apply.mutate([comment.id], { onError: toastProblem })}
          >
            Take up
          </Button>
        )}
      </div>
    </section>
  );
}

function Lines({
  sign,
  words,
  text,
  className,
}: {
  sign: string;
  words: string;
  text: string;
  className?: string | undefined;
}) {
  return (
    <pre className={className}>
      <span className="visually-hidden">{words}: </span>
      {text
        .replace(/\n$/, "")
        .split("\n")
        .map((line, index) => (
          <span key={index} className={styles.codeLine}>
            <span aria-hidden="true">{sign} </span>
            {line}
            {"\n"}
          </span>
        ))}
    </pre>
  );
}

/** Several suggestions at once, as one version. */
export function TakeAllUp({ project, draft, comments }: Props & { comments: Comment[] }) {
  const open = openSuggestions(comments);
  const apply = useApplySuggestions(project, draft.number, () =>
    toast(`${plural(open.length, "suggestion")} taken up`),
  );
  if (open.length < 2 || !draft.may.save) return null;
  return (
    <div className={styles.all}>
      <Icon name="edit" />
      <span className={styles.grow}>{plural(open.length, "suggestion")} can be taken up.</span>
      <Button
        size="small"
        loading={apply.isPending}
        onClick={() =>
          apply.mutate(
            open.map((comment) => comment.id),
            { onError: toastProblem },
          )
        }
      >
        Take all up
      </Button>
    </div>
  );
}
