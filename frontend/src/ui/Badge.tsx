import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import styles from "./Badge.module.css";

export type Tone = "neutral" | "accent" | "ok" | "warn" | "bad";

/** A small label. Tones ok, warn and bad are for states only; prefer StateBadge for those. */
export function Badge({ tone = "neutral", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={cx(styles.badge, styles[tone])}>{children}</span>;
}
