import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { membersQuery } from "@/features/settings/members";
import { Markdown } from "@/ui/Markdown";
import { GROUPS, pieces } from "./mentions";
import styles from "./Review.module.css";

/** What somebody wrote, as Markdown, with the people it calls set off. */
export function Said({ project, text }: { project: string; text: string }) {
  const members = useQuery(membersQuery(project)).data;
  const known = useMemo(
    () =>
      new Set([
        ...GROUPS.map((group) => group.handle),
        ...(members ?? []).flatMap(({ handle, user }) => [
          handle,
          user.email,
          user.email.split("@")[0] ?? "",
        ]),
      ]),
    [members],
  );
  const words = useCallback(
    (plain: string) =>
      pieces(plain, known).map((piece, index) =>
        piece.call ? (
          <strong key={index} className={styles.call}>
            {piece.text}
          </strong>
        ) : (
          piece.text
        ),
      ),
    [known],
  );
  return (
    <div className={styles.said}>
      <Markdown text={text} words={words} />
    </div>
  );
}
