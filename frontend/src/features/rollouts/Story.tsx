import { formatNumber } from "@/lib/format";
import { Icon, type IconName } from "@/ui/Icon";
import { Time } from "@/ui/Time";
import styles from "./Rollouts.module.css";
import type { StoryLine } from "./rollouts";

const ICONS: Record<string, IconName> = {
  started: "play",
  advanced: "up",
  completed: "check",
  paused: "stop",
  resumed: "play",
  tripped: "warn",
  aborted: "stop",
  rolled_back: "undo",
  waiting: "person",
};

/** Everything that happened, the newest first. */
export function Story({ lines }: { lines: StoryLine[] }) {
  return (
    <ol className={styles.story}>
      {lines.toReversed().map((line) => {
        const what = line.kind.replace("rollout.", "");
        return (
          <li key={`${line.at}-${line.kind}`}>
            <Icon name={ICONS[what] ?? "right"} />
            <span>
              {inWords(what, line)}{" "}
              <span className={styles.quiet}>
                {typeof line.facts["note"] === "string" && line.facts["note"]}
              </span>
            </span>
            <span className={styles.quiet}>
              <Time at={line.at} />
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function inWords(what: string, { actor_name: who, facts }: StoryLine): string {
  const share = `${String(facts["percent"])} %`;
  switch (what) {
    case "started":
      return `${who} started it at ${share}`;
    case "advanced":
      return `${who} went on to ${share}`;
    case "waiting":
      return `Held at ${share}: waits for a person’s approval`;
    case "tripped":
      return `${String(facts["guard"])} is ${String(facts["harm"])}; ${formatNumber(Number(facts["exposed"]))} requests had got it`;
    case "completed":
      return `${who} completed it: deployment #${String(facts["deployment"])}`;
    case "aborted":
      return `${who} stopped it at ${share}`;
    case "rolled_back":
      return facts["why"] ? `${who} rolled it back: ${String(facts["why"])}` : `${who} rolled it back`;
    default:
      return `${who} ${what} it`;
  }
}
