import { Link } from "@tanstack/react-router";
import mark from "@/ui/mark.svg";
import styles from "./Shell.module.css";

/** The mark and the name, leading to the list of projects. */
export function Brand({ short = false }: { short?: boolean }) {
  return (
    <Link to="/" className={styles.brand} aria-label="Variorum, all projects">
      <img src={mark} alt="" width="24" height="24" />
      {!short && <span>Variorum</span>}
    </Link>
  );
}
