import { useQueryClient } from "@tanstack/react-query";
import { useLive } from "@/api/live";
import { fineTuneQuery, hasHole, pointsQuery, withPoints } from "./training";

/** Keeps fine-tunes fresh: states follow their jobs, and the curve of `shown` grows by the steps that are told. */
export function useLiveTraining(project: string, shown?: number): void {
  const queries = useQueryClient();
  useLive(project, (message) => {
    if (message.kind.startsWith("job.") && message.kind !== "job.progress") {
      void queries.invalidateQueries({ queryKey: [project, "training", "list"] });
      void queries.invalidateQueries({ queryKey: [project, "training", Number(message.subject?.id)] });
    }
    if (shown === undefined || message.subject?.id !== String(shown)) return;
    if (message.kind === "job.progress") {
      const { done, total } = message.data as { done: number; total: number | null };
      queries.setQueryData(fineTuneQuery(project, shown).queryKey, (tune) =>
        tune ? { ...tune, state: "running", done, total: total ?? tune.total } : tune,
      );
    }
    if (message.kind === "training.progress") {
      const points = pointsQuery(project, shown);
      const known = queries.getQueryData(points.queryKey);
      if (!known) return;
      const grown = withPoints(known, message);
      queries.setQueryData(points.queryKey, grown);
      const measured = (message.data["points"] as { val_loss?: number }[]).some(
        (point) => point.val_loss !== undefined,
      );
      if (hasHole(grown)) void queries.invalidateQueries({ queryKey: points.queryKey });
      if (measured)
        void queries.invalidateQueries({ queryKey: fineTuneQuery(project, shown).queryKey, exact: true });
    }
  });
}
