import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { TableHead, type TableProps, TableRow } from "./Table";
import styles from "./Table.module.css";
import { useListKeys } from "./useListKeys";

type VirtualTableProps<Row> = TableProps<Row> & {
  /** CSS height of the scrolling window. */
  height?: string;
  /** Columns keep their widths and long texts are cut, so that no column is pushed out of sight. */
  fixed?: boolean;
  /** Called when the last rows come into sight. */
  onEnd?: () => void;
};

/** A Table of up to some 100,000 rows: only those in sight are on the page. Sorting is the server's. */
export function VirtualTable<Row>({
  height = "calc(100dvh - 220px)",
  onEnd,
  fixed = false,
  ...table
}: VirtualTableProps<Row>) {
  const { rows, rowKey, label, footer, listKeys = true } = table;
  const frame = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  useListKeys(body, listKeys);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => 32,
    getItemKey: (index) => (rows[index] ? rowKey(rows[index]) : index),
    overscan: 12,
    onChange: (instance) => {
      const last = instance.getVirtualItems().at(-1);
      if (last && last.index >= rows.length - 20) onEnd?.();
    },
  });
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <div className={styles.frame}>
      <div
        ref={frame}
        className={styles.window}
        style={{ maxHeight: height }}
        tabIndex={0}
        role="region"
        aria-label={label}
      >
        <table
          role="table"
          aria-label={label}
          aria-rowcount={rows.length}
          className={`${styles.table} ${fixed ? styles.fixed : ""}`}
        >
          <TableHead {...table} />
          <tbody ref={body} role="rowgroup">
            <Gap height={before} />
            {items.map((item) => {
              const row = rows[item.index];
              return (
                row !== undefined && (
                  <TableRow
                    key={item.key}
                    row={row}
                    table={table}
                    index={item.index}
                    measure={virtual.measureElement}
                  />
                )
              );
            })}
            <Gap height={after} />
          </tbody>
        </table>
      </div>
      {footer && <div className={styles.footer}>{footer}</div>}
    </div>
  );
}

/** One cell only: spanning columns that are hidden would bring them back as empty ones. */
function Gap({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr className={styles.gap}>
      <td style={{ height, padding: 0 }} />
    </tr>
  );
}
