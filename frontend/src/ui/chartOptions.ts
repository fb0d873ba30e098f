import UPlot from "uplot";
import type { CanvasProps, DrawnSeries } from "./ChartCanvas";
import { seriesDash } from "./series";

const FONT = "13px system-ui, sans-serif";

/** Columns for uPlot: x, then each series, with its band's high and low behind it. */
export function chartData({ x, series }: CanvasProps): UPlot.AlignedData {
  const columns: (number | null)[][] = [];
  for (const item of series) {
    columns.push(item.values);
    if (item.low && item.high) columns.push(item.high, item.low);
  }
  return [x, ...columns] as UPlot.AlignedData;
}

/** uPlot's options from ours; colours are read from the tokens at this moment. */
export function chartOptions(
  props: CanvasProps,
  host: HTMLElement,
  place: (plot: UPlot) => void,
): UPlot.Options {
  const { height, xKind = "time", markers = [], onRange, sync } = props;
  const ink = inks(host);
  return {
    width: host.clientWidth,
    height,
    padding: [14, 20, 0, 0],
    legend: { show: false },
    cursor: {
      points: { size: 7 },
      drag: { x: Boolean(onRange), y: false, setScale: false },
      ...(sync ? { sync: { key: sync, setSeries: false } } : {}),
    },
    scales: { x: { time: xKind === "time" }, y: { range: (_plot, low, high) => yRange(props, low, high) } },
    axes: [
      {
        stroke: ink.axis,
        font: FONT,
        grid: { show: false },
        ticks: { stroke: ink.line, size: 4 },
        size: 30,
        space: 72,
        ...(xKind === "time"
          ? { values: (_plot, ticks, _axis, _space, step) => ticks.map((at) => timeTick(at, step)) }
          : {}),
      },
      {
        stroke: ink.axis,
        font: FONT,
        grid: { stroke: ink.line, width: 1 },
        ticks: { show: false },
        values: (_plot, values) => values.map((value) => props.format(value)),
        size: (plot, values) => axisWidth(plot, values),
        space: 36,
      },
    ],
    ...seriesOptions(props, ink.read),
    hooks: {
      draw: [(plot) => drawMarkers(plot, markers, ink.marker), place],
      setCursor: [(plot) => props.onCursor(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return;
          onRange?.(
            plot.posToVal(plot.select.left, "x"),
            plot.posToVal(plot.select.left + plot.select.width, "x"),
          );
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      ready: [(plot) => host.parentElement?.style.setProperty("--plot-left", `${plot.over.offsetLeft}px`)],
      setSize: [(plot) => host.parentElement?.style.setProperty("--plot-left", `${plot.over.offsetLeft}px`)],
    },
  };
}

/** "14:00" within a day, "9 Oct" at its start and for longer steps. */
function timeTick(seconds: number, step: number): string {
  const at = new Date(seconds * 1000);
  const midnight = at.getHours() === 0 && at.getMinutes() === 0;
  return step >= 86_400 || midnight
    ? at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })
    : at.toLocaleTimeString("en-GB", {
        hour: "2-digit",
        minute: "2-digit",
        ...(step < 60 ? { second: "2-digit" } : {}),
      });
}

function inks(host: HTMLElement) {
  const style = getComputedStyle(host);
  const read = (color: string) => {
    const name = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
    return name ? style.getPropertyValue(name).trim() : color;
  };
  return { read, axis: read("var(--text-2)"), line: read("var(--border)"), marker: read("var(--text-3)") };
}

function seriesOptions({ series, hidden, kind = "line" }: CanvasProps, read: (color: string) => string) {
  const drawn: UPlot.Series[] = [{}];
  const bands: UPlot.Band[] = [];
  series.forEach((item, index) => {
    const color = read(item.color);
    const show = !hidden.has(item.key);
    drawn.push(lineOf(item, index, color, show, kind));
    if (item.low && item.high) {
      bands.push({ series: [drawn.length, drawn.length + 1], fill: `${color}22` });
      drawn.push({ show, width: 0, points: { show: false } }, { show, width: 0, points: { show: false } });
    }
  });
  return { series: drawn, bands };
}

function lineOf(
  item: DrawnSeries,
  index: number,
  color: string,
  show: boolean,
  kind: "line" | "bars",
): UPlot.Series {
  const lonely = item.values.filter((value) => value !== null).length <= 2;
  if (kind === "bars") {
    const paths = UPlot.paths.bars?.({ size: [0.8, 48], radius: 0.1 });
    return {
      show,
      stroke: color,
      fill: `${color}aa`,
      width: 0,
      points: { show: false },
      ...(paths ? { paths } : {}),
    };
  }
  return {
    show,
    stroke: color,
    width: 1.75,
    dash: seriesDash(index),
    spanGaps: item.sparse ?? false,
    points: { show: item.sparse ?? lonely, size: 6, fill: color },
  };
}

function yRange({ yRange: fixed, kind }: CanvasProps, low: number, high: number): [number, number] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [fixed?.[0] ?? 0, fixed?.[1] ?? 1];
  const pad = (high - low || Math.abs(high) || 1) * 0.1;
  const nearZero = kind === "bars" || (low >= 0 && low < high * 0.5);
  return [fixed?.[0] ?? (nearZero ? 0 : low - pad), fixed?.[1] ?? high + pad];
}

function axisWidth(plot: UPlot, values: string[] | null): number {
  if (!values?.length) return 40;
  plot.ctx.save();
  plot.ctx.font = FONT;
  const widest = Math.max(...values.map((value) => plot.ctx.measureText(value).width));
  plot.ctx.restore();
  return Math.ceil(widest) + 18;
}

function drawMarkers(plot: UPlot, markers: { x: number }[], color: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const marker of markers) {
    const x = Math.round(plot.valToPos(marker.x, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
