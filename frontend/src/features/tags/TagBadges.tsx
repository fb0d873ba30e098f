import { Link } from "@tanstack/react-router";
import { Icon } from "@/ui/Icon";
import styles from "./Tags.module.css";

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
