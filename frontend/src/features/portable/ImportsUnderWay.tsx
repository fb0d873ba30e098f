import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Card } from "@/ui/Card";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import styles from "./Portable.module.css";
import { importsQuery } from "./portable";

/** Imports that are not a project yet, on the list of projects; nothing when there are none. */
export function ImportsUnderWay() {
  const imports = useQuery(importsQuery);
  const open = (imports.data ?? []).filter((found) => found.state !== "succeeded");
  if (open.length === 0) return null;
  return (
    <Card title="Imports">
      <ul className={styles.imports}>
        {open.map((found) => (
          <li key={found.id}>
            <Link to="/imports/$number" params={{ number: String(found.id) }}>
              {found.title}
            </Link>
            <StateBadge state={found.state ?? "queued"} plain />
            <Time at={found.created_at} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
