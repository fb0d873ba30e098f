import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, type MouseEvent, type ReactNode, useRef } from "react";
import { cx } from "@/lib/cx";
import { Icon } from "./Icon";
import { nextSort, type Sort, sortRows } from "./sort";
import styles from "./Table.module.css";
import { useListKeys } from "./useListKeys";

export interface Column<Row> {
  key: string;
  header: string;
  cell: (row: Row) => ReactNode;
  /** Numbers stand at the right. */
  align?: "right";
  /** CSS width; the columns without one share what is left. */
  width?: string;
  /** Makes the column sortable in the page. Missing values come last. */
  sort?: (row: Row) => string | number | null | undefined;
  /** Sortable by the server: the header asks through onSort and nothing is reordered here. */
  serverSort?: boolean;
  /** The row's name: it carries the link, and it is the list's first line on a phone. One column; else the first. */
  primary?: boolean;
  /** Left out on a phone. */
  wideOnly?: boolean;
  /** Left out below 1440 px too: others matter more. */
  largeOnly?: boolean;
  hideHeader?: boolean;
}

export interface RowLink {
  to: string;
  params?: Record<string, string>;
  search?: Record<string, unknown>;
}

export interface TableProps<Row> {
  /** Named for screen readers. */
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string;
  /** Where a row leads; or what opening does (a side panel). */
  rowLink?: (row: Row) => RowLink;
  onOpen?: (row: Row) => void;
  selected?: string | null | undefined;
  /** Keep it in the address. */
  sort?: Sort | undefined;
  onSort?: (sort: Sort | undefined) => void;
  /** j and k walk through this table (default); a second table on the page says false. */
  listKeys?: boolean;
  /** Below the rows: a "load more" button, a total. */
  footer?: ReactNode;
}

/** Rows of 32 px; on a phone a list. j/k walk, Enter opens, headers sort. */
export function Table<Row>(props: TableProps<Row>) {
  const { columns, rows, rowKey, sort, footer, listKeys = true } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  useListKeys(body, listKeys);
  const column = columns.find((item) => item.key === sort?.key);
  const sorted = column?.sort && sort ? sortRows(rows, column.sort, sort.descending) : rows;
  return (
    <div className={styles.frame}>
      <div className={styles.scroll}>
        <table role="table" aria-label={props.label} className={styles.table}>
          <TableHead {...props} />
          <tbody ref={body} role="rowgroup">
            {sorted.map((row) => (
              <TableRow key={rowKey(row)} row={row} table={props} />
            ))}
          </tbody>
        </table>
      </div>
      {footer && <div className={styles.footer}>{footer}</div>}
    </div>
  );
}

export function TableHead<Row>({ columns, sort, onSort }: TableProps<Row>) {
  return (
    <thead role="rowgroup">
      <tr role="row">
        {columns.map((column) => {
          const sortable = onSort && (column.sort || column.serverSort);
          const active = sort?.key === column.key ? sort : undefined;
          return (
            <th
              key={column.key}
              role="columnheader"
              scope="col"
              style={column.width ? { width: column.width } : undefined}
              className={cx(column.align === "right" && styles.right, column.largeOnly && styles.largeOnly)}
              {...(active
                ? { "aria-sort": active.descending ? ("descending" as const) : ("ascending" as const) }
                : {})}
            >
              {sortable ? (
                <button
                  type="button"
                  className={styles.sort}
                  onClick={() => onSort(nextSort(sort, column.key))}
                >
                  {column.header}
                  <span className={cx(styles.arrow, active && styles.sorted)}>
                    <Icon name={active && !active.descending ? "up" : "down"} size={12} />
                  </span>
                </button>
              ) : (
                <span className={column.hideHeader ? "visually-hidden" : undefined}>{column.header}</span>
              )}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

interface TableRowProps<Row> {
  row: Row;
  table: TableProps<Row>;
  measure?: (element: HTMLTableRowElement | null) => void;
  index?: number;
}

export function TableRow<Row>({ row, table, measure, index }: TableRowProps<Row>) {
  const { columns, rowKey, rowLink, onOpen, selected } = table;
  const id = rowKey(row);
  const primary = columns.find((column) => column.primary) ?? columns[0];
  const open = onOpen && {
    tabIndex: 0,
    onClick: (event: MouseEvent) => !onControl(event.target) && onOpen(row),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Enter" && event.target === event.currentTarget) onOpen(row);
    },
  };
  return (
    <tr
      ref={measure}
      role="row"
      data-index={index}
      data-row={id}
      className={cx(styles.row, (rowLink || onOpen) && styles.open)}
      aria-selected={selected === undefined ? undefined : selected === id}
      {...open}
    >
      {columns.map((column) => (
        <td
          key={column.key}
          role="cell"
          data-label={column.hideHeader ? "" : column.header}
          className={cx(
            column.align === "right" && styles.right,
            column === primary && styles.primary,
            column.wideOnly && styles.wideOnly,
            column.largeOnly && styles.largeOnly,
          )}
        >
          {column === primary && rowLink ? (
            <Link {...rowLink(row)} className={styles.link} data-row-target>
              {column.cell(row)}
            </Link>
          ) : (
            column.cell(row)
          )}
        </td>
      ))}
    </tr>
  );
}

function onControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a,button,input,select,label") !== null;
}
