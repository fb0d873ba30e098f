import { lazy, type ReactNode, Suspense, useState } from "react";
import { formatExact, formatNumber } from "@/lib/format";
import styles from "./Chart.module.css";
import { Icon } from "./Icon";
import { seriesColors } from "./series";

export interface ChartSeries {
  key: string;
  label: string;
  /** One value for each x; null is a gap. */
  values: (number | null)[];
  /** A CSS colour; else by key (series.ts). */
  color?: string;
  /** A band around the line, e.g. a confidence interval. */
  low?: (number | null)[];
  high?: (number | null)[];
  /** Measured now and then: gaps are joined, and each measurement is a dot. */
  sparse?: boolean;
}

export interface ChartMarker {
  x: number;
  /** "Deployment #12 to production". */
  label: string;
  onOpen?: () => void;
}

export interface ChartProps {
  /** What is shown, for the heading and for screen readers. */
  label: string;
  /** Unix seconds (ascending), or steps with xKind "number". */
  x: number[];
  xKind?: "time" | "number";
  xLabel?: string;
  series: ChartSeries[];
  kind?: "line" | "bars";
  format?: (value: number) => string;
  height?: number;
  /** Vertical lines, e.g. deployments. */
  markers?: ChartMarker[];
  /** Fixes an end of the y axis; by default it starts at 0 for counts and bars, else fits. */
  yRange?: [number | null, number | null];
  /** Brushing a range calls it with x values. */
  onRange?: (from: number, to: number) => void;
  /** Charts with the same word share their cursor. */
  sync?: string;
  /** Without the heading, where a card already says it. */
  hideTitle?: boolean;
  actions?: ReactNode;
}

const ChartCanvas = lazy(() => import("./ChartCanvas"));

/** Lines or bars over time with legend, deployment marks and a table of the same numbers. The drawing code loads by itself. */
export function Chart(props: ChartProps) {
  const { label, series, height = 220, hideTitle, actions, format = formatNumber } = props;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const automatic = seriesColors(series.map((item) => item.key));
  const coloured = series.map((item, index) => ({
    ...item,
    color: item.color ?? automatic[index] ?? "var(--series-1)",
  }));
  const toggle = (key: string) =>
    setHidden((before) =>
      before.has(key) ? new Set([...before].filter((item) => item !== key)) : new Set([...before, key]),
    );
  return (
    <figure className={styles.chart}>
      <figcaption className={styles.head}>
        <span className={hideTitle ? "visually-hidden" : styles.title}>{label}</span>
        <Legend series={coloured} hidden={hidden} onToggle={toggle} cursor={cursor} format={format} />
        <span className={styles.tools}>
          {actions}
          <button
            type="button"
            className={styles.tool}
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
          >
            <Icon name={asTable ? "quality" : "table"} size={14} />
            <span className="visually-hidden">{`Show ${label} as a table`}</span>
          </button>
        </span>
      </figcaption>
      {asTable ? (
        <ChartTable {...props} height={height} format={format} />
      ) : (
        <Suspense fallback={<div style={{ height }} className={styles.loading} />}>
          <ChartCanvas
            {...props}
            height={height}
            format={format}
            series={coloured}
            hidden={hidden}
            onCursor={setCursor}
          />
        </Suspense>
      )}
    </figure>
  );
}

interface LegendProps {
  series: (ChartSeries & { color: string })[];
  hidden: ReadonlySet<string>;
  onToggle: (key: string) => void;
  cursor: number | null;
  format: (value: number) => string;
}

function Legend({ series, hidden, onToggle, cursor, format }: LegendProps) {
  return (
    <span className={styles.legend}>
      {series.map((item) => {
        const value = cursor === null ? item.values.findLast((entry) => entry !== null) : item.values[cursor];
        return (
          <button
            key={item.key}
            type="button"
            className={styles.entry}
            aria-pressed={!hidden.has(item.key)}
            onClick={() => onToggle(item.key)}
          >
            <span className={styles.swatch} style={{ background: item.color }} />
            {item.label}
            <span className={styles.value}>{typeof value === "number" ? format(value) : "–"}</span>
          </button>
        );
      })}
    </span>
  );
}

/** Writes an x value: the exact time, or the step. */
export function writeX(value: number, kind: "time" | "number"): string {
  return kind === "time" ? formatExact(new Date(value * 1000)) : formatNumber(value);
}

function ChartTable({ label, x, xKind = "time", xLabel, series, format = formatNumber, height }: ChartProps) {
  return (
    <div className={styles.table} style={{ height }} tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            <th scope="col">{xLabel ?? (xKind === "time" ? "Time" : "Step")}</th>
            {series.map((item) => (
              <th key={item.key} scope="col">
                {item.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {x.map((value, index) => (
            <tr key={value}>
              <th scope="row">{writeX(value, xKind)}</th>
              {series.map((item) => {
                const entry = item.values[index];
                return <td key={item.key}>{typeof entry === "number" ? format(entry) : "–"}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
