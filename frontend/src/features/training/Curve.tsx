import { useQuery } from "@tanstack/react-query";
import { formatNumber } from "@/lib/format";
import { Chart, type ChartMarker, type ChartSeries } from "@/ui/Chart";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonText } from "@/ui/Skeleton";
import styles from "./Training.module.css";
import { type FineTune, isOpen, type Point, pointsQuery, resultOf } from "./training";

const HEIGHT = 260;

/** The loss by step: on the examples that are trained on, and on those that are held out. */
export function Curve({ project, tune }: { project: string; tune: FineTune }) {
  const points = useQuery(pointsQuery(project, tune.number));
  if (points.isPending) return <SkeletonText lines={8} />;
  if (points.isError) return <ErrorState error={points.error} retry={() => void points.refetch()} />;
  if (points.data.length === 0) {
    return (
      <Empty icon="training" title={isOpen(tune) ? "The first step is not done yet" : "It has no curve"}>
        {isOpen(tune) ? "The curve grows here while it learns." : "It ended before its first step."}
      </Empty>
    );
  }
  return (
    <div className={styles.curve}>
      <Chart
        label="Loss in nats per answer token"
        hideTitle
        xKind="number"
        xLabel="Step"
        x={points.data.map((point) => point.step)}
        series={series(points.data)}
        markers={bestMark(tune)}
        format={(value) => formatNumber(value, 2)}
        height={HEIGHT}
      />
    </div>
  );
}

function series(points: Point[]): ChartSeries[] {
  const shown: ChartSeries[] = [
    { key: "training", label: "training", values: points.map((point) => point.loss ?? null) },
  ];
  if (points.some((point) => point.val_loss !== null)) {
    const values = points.map((point) => point.val_loss ?? null);
    shown.push({ key: "held out", label: "held out", values, sparse: true });
  }
  return shown;
}

function bestMark(tune: FineTune): ChartMarker[] {
  const best = resultOf(tune)?.held_out_best;
  return best ? [{ x: best.step, label: "The adapter keeps the weights of this step" }] : [];
}
