import { useState } from "react";
import styles from "./Inline.module.css";
import { Tooltip } from "./Tooltip";

/** A commit, hash or key prefix: the first characters, all of it on hover, copied by a click. */
export function Id({ value, length = 8, label = "id" }: { value: string; length?: number; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_200);
  };
  return (
    <Tooltip text={copied ? "Copied" : `${value}\nClick to copy`}>
      <button
        type="button"
        className={styles.id}
        aria-label={copied ? `copied ${label} ${value}` : `${value.slice(0, length)}: copy ${label} ${value}`}
        onClick={() => void copy()}
      >
        {copied ? "copied" : value.slice(0, length)}
      </button>
    </Tooltip>
  );
}
