import { formatDuration } from "@/lib/format";
import { Card } from "@/ui/Card";
import { Chart } from "@/ui/Chart";
import { Stack } from "@/ui/Page";
import { toast } from "@/ui/Toast";

const start = 1_760_000_000;
const x = Array.from({ length: 168 }, (_, hour) => start + hour * 3600);
const wave = (seed: number, size: number) =>
  x.map((_, hour) => size * (1 + 0.4 * Math.sin(hour / 4 + seed)) + ((hour * 37 * (seed + 1)) % 17));
const markers = [
  { x: start + 40 * 3600, label: "Deployment #11 to production", onOpen: () => toast("#11") },
  { x: start + 120 * 3600, label: "Deployment #12 to production", onOpen: () => toast("#12") },
];

export function KitCharts() {
  const score = wave(2, 40).map((value) => value / 80);
  return (
    <Stack>
      <Card>
        <Chart
          label="Latency"
          x={x}
          format={formatDuration}
          series={[
            { key: "p50", label: "p50", values: wave(0, 180) },
            {
              key: "p99",
              label: "p99",
              values: wave(1, 620).map((value, hour) => (hour > 60 && hour < 66 ? null : value)),
            },
          ]}
          markers={markers}
          sync="kit"
          onRange={(from, to) => toast(`${Math.round((to - from) / 3600)} hours`)}
        />
      </Card>
      <Card>
        <Chart
          label="Score"
          x={x}
          yRange={[0, 1]}
          series={[
            {
              key: "exact-match",
              label: "exact match",
              values: score,
              low: score.map((v) => v - 0.05),
              high: score.map((v) => v + 0.05),
            },
          ]}
          markers={markers}
          sync="kit"
          height={160}
        />
      </Card>
      <Card>
        <Chart
          label="Requests"
          kind="bars"
          x={x}
          series={[{ key: "requests", label: "requests", values: wave(3, 90) }]}
          sync="kit"
          height={120}
        />
      </Card>
      <Card>
        <Chart
          label="Six series"
          x={x}
          series={["production", "staging", "dev", "arm a", "arm b", "arm c"].map((key, index) => ({
            key,
            label: key,
            values: wave(index, 60 + index * 40),
          }))}
        />
      </Card>
    </Stack>
  );
}
