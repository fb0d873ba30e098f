import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Icon } from "@/ui/Icon";
import styles from "../Drafts.module.css";
import { type Draft, draftLink } from "../drafts";
import { textsQuery, told } from "./texts";

/** On the other tabs: that the draft has words in it which its versions do not have yet. */
export function UnsavedElsewhere({ project, draft }: { project: string; draft: Draft }) {
  const unsaved = useQuery(textsQuery(project, draft.number)).data ?? [];
  if (unsaved.length === 0) return null;
  return (
    <p className={styles.banner}>
      <Icon name="info" />
      <span>
        Not saved yet, so not among the changes below: {unsaved.map(told).join("; ")}.{" "}
        <Link {...draftLink(project, draft.number, "edit")}>See the text</Link>
      </span>
    </p>
  );
}
