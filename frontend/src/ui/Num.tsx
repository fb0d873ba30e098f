import { formatNumber } from "@/lib/format";
import styles from "./Inline.module.css";
import { Tooltip } from "./Tooltip";

interface NumProps {
  value: number | null | undefined;
  /** "ms", "%", "tokens": said small behind the number. */
  unit?: string | undefined;
  digits?: number | undefined;
  /** Own way of writing it, e.g. formatDuration. */
  format?: ((value: number) => string) | undefined;
  /** How many outputs it rests on; said on hover. */
  n?: number | undefined;
  /** 95 % interval [low, high]; said on hover. */
  interval?: [number, number] | undefined;
}

/** A figure: tabular, with its unit, and with its n and interval on hover and on focus. A dash when there is none. */
export function Num({ value, unit, digits, format, n, interval }: NumProps) {
  if (value === null || value === undefined) return <span className={styles.none}>–</span>;
  const write = format ?? ((number: number) => formatNumber(number, digits));
  const body = (
    <span className={styles.num}>
      {write(value)}
      {unit && <span className={styles.unit}> {unit}</span>}
    </span>
  );
  const words = [
    n !== undefined && `n = ${formatNumber(n)}`,
    interval && `95 % interval ${write(interval[0])} to ${write(interval[1])}`,
  ].filter(Boolean);
  if (words.length === 0) return body;
  return (
    <Tooltip text={words.join("\n")}>
      <span
        className={styles.hovered}
        tabIndex={0}
        role="note"
        aria-label={`${write(value)} ${unit ?? ""}, ${words.join(", ")}`}
      >
        {body}
      </span>
    </Tooltip>
  );
}
