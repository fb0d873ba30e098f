import { useSession } from "@/api/session";
import { Icon } from "@/ui/Icon";
import { Tooltip } from "@/ui/Tooltip";
import { colourOf } from "./people";
import { type Seen, usePresence } from "./presence";
import styles from "./Together.module.css";

const MOST = 5;

/** Who else has this draft open, and who of them writes right now. Its room is kept while nobody is there. */
export function Here() {
  const me = useSession().data;
  const people = peopleOf(usePresence().pages.filter((page) => page.user.id !== me?.id));
  const busy = people.filter((page) => page.doing);
  return (
    <div className={styles.here}>
      {people.length > 0 && (
        <ul aria-label="Here now" className={styles.people}>
          {people.slice(0, MOST).map((page) => (
            <li key={page.user.id}>
              <Tooltip text={sentence(page)}>
                <span className={styles.person} style={{ borderColor: colourOf(page.user) }}>
                  <span aria-hidden="true">{initials(page.user.name)}</span>
                  {page.doing && (
                    <span className={styles.pen}>
                      <Icon name="edit" size={10} />
                    </span>
                  )}
                  <span className="visually-hidden">{sentence(page)}</span>
                </span>
              </Tooltip>
            </li>
          ))}
          {people.length > MOST && <li className={styles.more}>and {people.length - MOST} more</li>}
        </ul>
      )}
      <span role="status" className={styles.busy}>
        {busy.map(sentence).join(" · ")}
      </span>
    </div>
  );
}

/** One entry a person: the page on which they do something, or the one they opened last. */
function peopleOf(pages: Seen[]): Seen[] {
  const found = new Map<number, Seen>();
  for (const page of pages) {
    const known = found.get(page.user.id);
    if (!known || page.doing || !known.doing) found.set(page.user.id, page);
  }
  return [...found.values()];
}

const TABS: Record<string, string> = {
  changes: "looks at the changes",
  conversation: "reads the conversation",
  versions: "looks at the versions",
  conflicts: "looks at the conflicts",
};

function sentence({ user, tab, path, doing }: Seen): string {
  if (doing === "commenting") return `${user.name} is writing a comment`;
  if (doing === "writing") return `${user.name} is editing ${path || "a file"}`;
  if (tab === "edit" && path) return `${user.name} looks at ${path}`;
  return `${user.name} ${TABS[tab] ?? "is here"}`;
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return `${words[0]?.[0] ?? "?"}${words.length > 1 ? (words.at(-1)?.[0] ?? "") : ""}`.toUpperCase();
}
