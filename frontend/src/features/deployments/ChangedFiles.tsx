import { Link } from "@tanstack/react-router";
import { KINDS, type Kind } from "@/features/prompts/files";
import { Badge } from "@/ui/Badge";
import { Icon } from "@/ui/Icon";
import styles from "./Deployments.module.css";
import type { Change } from "./deployments";

/** Paths that differ, one a line: what it is, what happens to it, how many lines. */
export function ChangedFiles({ changes }: { changes: Change[] }) {
  return (
    <ul className={styles.changes}>
      {changes.map((change) => (
        <li key={change.path}>
          <Icon name={KINDS[kindOf(change.path)].icon} />
          <span className={styles.path}>
            {change.status === "renamed" && `${change.old_path} → `}
            {change.path}
          </span>
          {change.status !== "modified" && <Badge>{change.status}</Badge>}
          <span className={styles.lines}>
            <span className={styles.added}>+{change.added}</span>{" "}
            <span className={styles.removed}>−{change.removed}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The way to both versions side by side, on a page of its own. */
export function EveryLine({ project, base, head }: { project: string; base: string; head: string }) {
  return (
    <div>
      <Link to="/p/$project/compare" params={{ project }} search={{ base, head } as never} target="_blank">
        See every line
      </Link>
    </div>
  );
}

function kindOf(path: string): Kind {
  if (path.startsWith("adapters/")) return "adapter";
  if (path.endsWith(".prompt")) return "prompt";
  if (path.startsWith("suites/")) return "suite";
  if (path.endsWith(".schema.json")) return "schema";
  return path.startsWith("configs/") ? "config" : "doc";
}
