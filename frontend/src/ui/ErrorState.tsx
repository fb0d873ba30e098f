import { type ApiProblem, type ProblemItem, toProblem } from "@/api/problem";
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
  const { detail, items } = onceSaid(problem);
  return (
    <div className={styles.state} role="alert">
      <span className={styles.discBad}>
        <Icon name="warn" size={20} />
      </span>
      <p className={styles.title}>{title ?? problem.title}</p>
      {detail && <p className={styles.words}>{detail}</p>}
      <ProblemItems items={items} />
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
  const { detail, items } = onceSaid(problem);
  return (
    <div className={styles.formError} role="alert">
      <Icon name="warn" />
      <div>
        <strong>{problem.title}</strong>
        {detail && <p>{detail}</p>}
        <ProblemItems items={items} />
      </div>
    </div>
  );
}

/** The sentence and the places of a problem; a sentence that only says again what a place says is left out. */
function onceSaid({ detail, errors }: ApiProblem): { detail: string; items: ProblemItem[] } {
  const [first] = errors;
  if (!first?.detail || !detail.includes(first.detail)) return { detail, items: errors };
  const named = detail.includes(first.where.split(":")[0] ?? "");
  return errors.length === 1 && named ? { detail, items: [] } : { detail: "", items: errors };
}

function ProblemItems({ items }: { items: ProblemItem[] }) {
  if (items.length === 0) return null;
  return (
    <ul className={styles.items}>
      {items.slice(0, 20).map((item) => (
        <li key={item.where + item.code + item.detail}>
          {item.where && <code>{item.where}</code>} {item.detail}
        </li>
      ))}
      {items.length > 20 && <li>and {items.length - 20} more</li>}
    </ul>
  );
}
