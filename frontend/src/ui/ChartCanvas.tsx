import { useEffect, useEffectEvent, useRef, useState } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { type ChartMarker, type ChartProps, type ChartSeries, writeX } from "./Chart";
import styles from "./Chart.module.css";
import { chartData, chartOptions } from "./chartOptions";
import { Tooltip } from "./Tooltip";

export type DrawnSeries = ChartSeries & { color: string };

export interface CanvasProps extends ChartProps {
  series: DrawnSeries[];
  height: number;
  format: (value: number) => string;
  hidden: ReadonlySet<string>;
  onCursor: (index: number | null) => void;
}

/** Draws with uPlot. Built anew when shape or theme changes, fed in place when only numbers do. */
export default function ChartCanvas(props: CanvasProps) {
  const { label, x, xKind = "time", series, height, hidden, markers = [] } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(null);
  const [places, setPlaces] = useState<number[]>([]);
  const theme = useThemeCount();
  const shape = JSON.stringify([
    series.map((item) => [item.key, item.color, Boolean(item.low)]),
    [...hidden],
    xKind,
    props.kind,
  ]);

  const build = useEffectEvent((element: HTMLDivElement) => {
    const place = (drawn: UPlot) => {
      const next = markers.map((marker) => drawn.valToPos(marker.x, "x"));
      setPlaces((before) => (before.join() === next.join() ? before : next));
    };
    return new UPlot(chartOptions(props, element, place), chartData(props), element);
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: shape and theme stand for what the effect event reads
  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const drawn = build(element);
    plot.current = drawn;
    const observer = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [shape, theme, height]);
  const data = chartData(props);
  const latest = useRef(data);
  useEffect(() => {
    if (same(latest.current, data)) return;
    latest.current = data;
    plot.current?.setData(data);
  });

  return (
    <div className={styles.plot} style={{ height }}>
      <div ref={host} role="img" aria-label={`${label}. ${summary(x, xKind, series, props.format)}`} />
      {markers.map((marker, index) => (
        <MarkerHead key={`${marker.x}${marker.label}`} marker={marker} left={places[index]} xKind={xKind} />
      ))}
    </div>
  );
}

interface HeadProps {
  marker: ChartMarker;
  left: number | undefined;
  xKind: "time" | "number";
}

function MarkerHead({ marker, left, xKind }: HeadProps) {
  if (left === undefined || left < 0) return null;
  const words = `${marker.label}\n${writeX(marker.x, xKind)}`;
  return (
    <Tooltip text={words}>
      <button
        type="button"
        className={styles.marker}
        style={{ left: `calc(var(--plot-left) + ${left}px)` }}
        aria-label={words}
        onClick={marker.onOpen}
      />
    </Tooltip>
  );
}

function summary(
  x: number[],
  kind: "time" | "number",
  series: DrawnSeries[],
  format: (value: number) => string,
): string {
  const [first, last] = [x[0], x.at(-1)];
  if (first === undefined || last === undefined) return "No data.";
  const lines = series.map((item) => {
    const known = item.values.filter((value) => value !== null);
    if (known.length === 0) return `${item.label}: none`;
    return `${item.label}: from ${format(Math.min(...known))} to ${format(Math.max(...known))}, last ${format(known.at(-1) ?? 0)}`;
  });
  return `${writeX(first, kind)} to ${writeX(last, kind)}. ${lines.join(". ")}`;
}

function same(before: UPlot.AlignedData, after: UPlot.AlignedData): boolean {
  return (
    before.length === after.length &&
    before.every((column, index) => {
      const other = after[index];
      return (
        other !== undefined &&
        column.length === other.length &&
        Array.from(column).every((value, at) => value === other[at])
      );
    })
  );
}

/** Counts changes of theme, so that colours are read anew. */
function useThemeCount(): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const changed = () => setCount((before) => before + 1);
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    window.addEventListener("variorum:theme", changed);
    system.addEventListener("change", changed);
    return () => {
      window.removeEventListener("variorum:theme", changed);
      system.removeEventListener("change", changed);
    };
  }, []);
  return count;
}
