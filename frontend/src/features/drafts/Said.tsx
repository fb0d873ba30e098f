import { useQuery } from "@tanstack/react-query";
import { membersQuery } from "@/features/settings/members";
import { GROUPS, pieces } from "./mentions";
import styles from "./Review.module.css";

/** What somebody wrote, with the people it calls set off. */
export function Said({ project, text }: { project: string; text: string }) {
  const members = useQuery(membersQuery(project)).data ?? [];
  const known = new Set([
    ...GROUPS.map((group) => group.handle),
    ...members.flatMap(({ handle, user }) => [handle, user.email, user.email.split("@")[0] ?? ""]),
  ]);
  return (
    <p className={styles.said}>
      {pieces(text, known).map((piece, index) =>
        piece.call ? (
          <strong key={index} className={styles.call}>
            {piece.text}
          </strong>
        ) : (
          piece.text
        ),
      )}
    </p>
  );
}
