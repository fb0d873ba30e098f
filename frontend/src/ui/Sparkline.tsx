interface SparklineProps {
  /** Oldest first; null is a gap. */
  values: (number | null)[];
  /** What it shows and how it went, for screen readers: "Requests, last 7 days, from 12 to 40". */
  label: string;
  width?: number;
  height?: number;
  color?: string;
  /** Fixes the scale; else from the smallest to the largest value. */
  range?: [number, number];
  /** Indexes where a deployment happened: thin vertical lines. */
  markers?: number[];
}

/** A small line without axes, for a table's row or beside a figure. */
export function Sparkline(props: SparklineProps) {
  const { values, label, width = 120, height = 24, color = "var(--series-1)", range, markers = [] } = props;
  const known = values.filter((value) => value !== null);
  const low = range?.[0] ?? Math.min(...known);
  const high = range?.[1] ?? Math.max(...known);
  const x = (index: number) => 2 + (index / Math.max(1, values.length - 1)) * (width - 4);
  const y = (value: number) =>
    height - 3 - (high === low ? 0.5 : (value - low) / (high - low)) * (height - 6);
  const last = values.findLastIndex((value) => value !== null);
  const end = values[last];
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {markers.map((index) => (
        <line
          key={index}
          x1={x(index)}
          x2={x(index)}
          y1="0"
          y2={height}
          stroke="var(--border-input)"
          strokeDasharray="2 2"
        />
      ))}
      <path d={linePath(values, x, y)} fill="none" stroke={color} strokeWidth="1.5" strokeLinejoin="round" />
      {typeof end === "number" && <circle cx={x(last)} cy={y(end)} r="2" fill={color} />}
    </svg>
  );
}

function linePath(
  values: (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  let pen = "M";
  values.forEach((value, index) => {
    if (value === null) {
      pen = "M";
      return;
    }
    path += `${pen}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
  });
  return path;
}
