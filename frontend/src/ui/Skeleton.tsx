import { cx } from "@/lib/cx";
import styles from "./States.module.css";

/** A grey bar in the place of what is loading. Width in any CSS length. */
export function Skeleton({
  width = "100%",
  height = 14,
}: {
  width?: number | string;
  height?: number | string;
}) {
  return <span className={styles.bar} style={{ width, height }} aria-hidden="true" />;
}

/** Rows of a table that is loading, 32 px each, so that nothing jumps when they arrive. */
export function SkeletonRows({ rows = 8, columns = 4 }: { rows?: number; columns?: number }) {
  return (
    <div role="status" aria-label="Loading" className={styles.rows}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className={styles.row}>
          {Array.from({ length: columns }, (_, column) => (
            <Skeleton
              key={column}
              width={`${column === 0 ? 60 - ((row * 7) % 25) : 40 + ((row * 11 + column * 17) % 35)}%`}
            />
          ))}
        </div>
      ))}
    </div>
  );
}

/** A card or page body that is loading: a heading and lines of text. */
export function SkeletonText({ lines = 3 }: { lines?: number }) {
  return (
    <div role="status" aria-label="Loading" className={styles.text}>
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} width={`${line === lines - 1 ? 55 : 96 - ((line * 13) % 20)}%`} />
      ))}
    </div>
  );
}

/** A page that is loading: title, line, and a card. */
export function SkeletonPage() {
  return (
    <div role="status" aria-label="Loading the page" className={cx(styles.page)}>
      <Skeleton width={260} height={28} />
      <Skeleton width={420} height={16} />
      <div className={styles.panel}>
        <SkeletonRows rows={6} />
      </div>
    </div>
  );
}
