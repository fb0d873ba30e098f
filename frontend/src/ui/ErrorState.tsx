import { toProblem } from "@/api/problem";
import { Button } from "./Button";
import { Icon } from "./Icon";
import styles from "./States.module.css";

interface ErrorStateProps {
  error: unknown;
  /** What was being done: "The drafts could not be loaded". Defaults to the problem's title. */
  title?: string;
  retry?: (() => void) | undefined;
}

/** What failed, in the server's words, each place that is wrong, and a way to try again. */
export function ErrorState({ error, title, retry }: ErrorStateProps) {
  const problem = toProblem(error);
  return (
    <div className={styles.state} role="alert">
      <span className={styles.discBad}>
        <Icon name="warn" size={20} />
      </span>
      <p className={styles.title}>{title ?? problem.title}</p>
      {problem.detail && <p className={styles.words}>{problem.detail}</p>}
      <ProblemItems error={problem} />
      {retry && (
        <div className={styles.action}>
          <Button icon="refresh" onClick={retry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

/** The same in one line above a form's buttons; nothing when there is no error. */
export function FormError({ error }: { error: unknown }) {
  if (!error) return null;
  const problem = toProblem(error);
  return (
    <div className={styles.formError} role="alert">
      <Icon name="warn" />
      <div>
        <strong>{problem.title}</strong>
        {problem.detail && <p>{problem.detail}</p>}
        <ProblemItems error={problem} />
      </div>
    </div>
  );
}

function ProblemItems({ error }: { error: ReturnType<typeof toProblem> }) {
  if (error.errors.length === 0) return null;
  return (
    <ul className={styles.items}>
      {error.errors.slice(0, 20).map((item) => (
        <li key={item.where + item.code + item.detail}>
          {item.where && <code>{item.where}</code>} {item.detail}
        </li>
      ))}
      {error.errors.length > 20 && <li>and {error.errors.length - 20} more</li>}
    </ul>
  );
}
