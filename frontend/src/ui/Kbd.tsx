import styles from "./Inline.module.css";

const MAC = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);
const NAMES: Record<string, string> = { mod: MAC ? "⌘" : "Ctrl", Enter: "↵", Escape: "Esc" };

/** Keys as they are pressed: "g d" in turn, "mod+k" together. */
export function Kbd({ keys }: { keys: string }) {
  return (
    <span className={styles.keys}>
      {keys.split(" ").map((chord, index) => (
        <kbd key={index} className={styles.kbd}>
          {chord
            .split("+")
            .map((key) => NAMES[key] ?? (chord.includes("+") ? key.toUpperCase() : key))
            .join(MAC ? "" : " ")}
        </kbd>
      ))}
    </span>
  );
}
