import { Link } from "@tanstack/react-router";
import { Icon } from "@/ui/Icon";
import styles from "./Tags.module.css";
import { useTagNames } from "./tags";

/** The names of one commit, looked up; nothing until they are known or when it has none. */
export function CommitTags({ project, commit }: { project: string; commit: string }) {
  return <TagBadges project={project} names={useTagNames(project)(commit)} />;
}

/** The names that a commit was given, each a link to what it says of it. */
export function TagBadges({ project, names }: { project: string; names: string[] }) {
  return names.map((name) => (
    <Link key={name} to="/p/$project/tags" params={{ project }} hash={`tag-${name}`} className={styles.badge}>
      <Icon name="tag" size={12} />
      <span className="visually-hidden">tag </span>
      {name}
    </Link>
  ));
}
