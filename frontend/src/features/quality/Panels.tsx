import { useNavigate } from "@tanstack/react-router";
import { formatCompact, formatCost, formatDuration, formatNumber, formatPercent } from "@/lib/format";
import { Card } from "@/ui/Card";
import { Chart, type ChartMarker, type ChartSeries } from "@/ui/Chart";
import styles from "./Quality.module.css";
import { type Dashboard, drawn, type MetricScores, nameOf, type Series } from "./quality";

interface PanelsProps {
  project: string;
  data: Dashboard;
  onRange: (from: number, to: number) => void;
}

const HEIGHT = 160;

/** Small multiples with one cursor: brush one of them to look closer. */
export function Panels({ project, data, onRange }: PanelsProps) {
  const x = data.times.map((time) => Date.parse(time) / 1000);
  const common = { x, onRange, sync: "quality", height: HEIGHT, markers: useMarkers(project, data) };
  const bars = data.series.length > 1 ? "line" : "bars"; // bars of several commits would hide each other
  return (
    <div className={styles.panels}>
      <Card>
        <Chart
          {...common}
          label="Requests"
          kind={bars}
          series={lines(data, "requests")}
          format={formatCompact}
        />
      </Card>
      <Card>
        <Chart
          {...common}
          label="Error rate"
          series={lines(data, "error_rate")}
          format={formatPercent}
          yRange={[0, null]}
        />
      </Card>
      <Card>
        <Chart
          {...common}
          label="Latency"
          series={latencies(data)}
          format={formatDuration}
          yRange={[0, null]}
        />
      </Card>
      <Card>
        <Chart
          {...common}
          label="Cost"
          kind={bars}
          series={lines(data, "cost")}
          format={(value) => formatCost(value)}
        />
      </Card>
      <Card>
        <Chart {...common} label="Tokens" series={tokens(data)} format={formatCompact} yRange={[0, null]} />
      </Card>
      {data.scores.map((metric) => (
        <Card key={metric.metric + metric.version}>
          <Chart
            {...common}
            label={`${metric.name} v${metric.version}, mean and 95 % interval`}
            series={means(metric)}
            format={(value) => formatNumber(value, 2)}
            yRange={[0, 1]}
          />
        </Card>
      ))}
    </div>
  );
}

function useMarkers(project: string, data: Dashboard): ChartMarker[] {
  const navigate = useNavigate();
  return data.deployments.map((one) => ({
    x: Date.parse(one.at) / 1000,
    label: `Deployment #${one.number} to ${one.environment}: ${one.subject}`,
    onOpen: () =>
      void navigate({
        to: "/p/$project/deployments/$number",
        params: { project, number: String(one.number) },
      }),
  }));
}

type Figure = "requests" | "error_rate" | "cost" | "latency_p99";

function lines(data: Dashboard, figure: Figure): ChartSeries[] {
  return drawn(data.series).map((one) => ({
    key: keyOf(one),
    label: nameOf(one),
    values: one[figure],
    ...(figure === "requests" || figure === "cost" ? {} : { sparse: true }),
  }));
}

const keyOf = (one: Pick<Series, "kind" | "commit">) => `${one.kind} ${one.commit}`;

/** The median and the slowest hundredth; of each commit only the latter. */
function latencies(data: Dashboard): ChartSeries[] {
  const [whole, ...parts] = data.series;
  if (!whole || parts.length > 0) {
    return lines(data, "latency_p99").map((line) => ({ ...line, label: `${line.label}, 99 %` }));
  }
  return [
    { key: "p50", label: "half of them below", values: whole.latency_p50, sparse: true },
    { key: "p99", label: "99 % below", values: whole.latency_p99, sparse: true },
  ];
}

function tokens(data: Dashboard): ChartSeries[] {
  const whole = data.series[0];
  if (!whole) return [];
  return [
    { key: "input", label: "in", values: whole.input_tokens },
    { key: "output", label: "out", values: whole.output_tokens },
  ];
}

function means(metric: MetricScores): ChartSeries[] {
  return drawn(metric.series).map((one) => ({
    key: keyOf(one),
    label: nameOf(one),
    values: one.mean,
    low: one.low,
    high: one.high,
    sparse: true,
  }));
}
