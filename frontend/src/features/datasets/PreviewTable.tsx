import { formatNumber, plural } from "@/lib/format";
import { type Column, Table } from "@/ui/Table";
import styles from "./Datasets.module.css";
import { cellText, type Preview } from "./datasets";

/** The first rows of a file as they would be read, with what a person should look at. */
export function PreviewTable({ preview }: { preview: Preview }) {
  type PreviewRow = Preview["rows"][number];
  const columns: Column<PreviewRow>[] = [
    { key: "line", header: "Line", align: "right", width: "64px", cell: (row) => formatNumber(row.line) },
    ...preview.columns.map((column, index) => ({
      key: `c${index}`,
      header: column.name,
      primary: index === 0,
      cell: (row: PreviewRow) => (
        <span className={styles.peek} title={cellText(row.values[column.name])}>
          {cellText(row.values[column.name])}
        </span>
      ),
    })),
  ];
  return (
    <>
      <div style={{ padding: "12px 16px", display: "grid", gap: 8 }}>
        <p className={styles.facts}>
          {preview.complete ? "" : "At least "}
          {plural(preview.row_count, "row")} · {preview.format.toUpperCase()} · {preview.encoding}
          {preview.delimiter && ` · columns parted by ${delimiterName(preview.delimiter)}`}
          {preview.header ? " · first line names the columns" : ""}
        </p>
        {preview.warnings.length > 0 && (
          <ul className={styles.warnings} aria-label="Warnings">
            {preview.warnings.slice(0, 8).map((warning) => (
              <li key={warning.code + warning.line + warning.detail}>
                {warning.line > 0 && <strong>Line {formatNumber(warning.line)}: </strong>}
                {warning.detail}
              </li>
            ))}
            {preview.warnings.length > 8 && <li>and {preview.warnings.length - 8} more</li>}
          </ul>
        )}
      </div>
      <Table label="Preview" columns={columns} rows={preview.rows} rowKey={(row) => String(row.line)} />
    </>
  );
}

function delimiterName(delimiter: string): string {
  const names: Record<string, string> = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars" };
  return names[delimiter] ?? `“${delimiter}”`;
}
