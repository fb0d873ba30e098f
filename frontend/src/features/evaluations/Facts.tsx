import { Link } from "@tanstack/react-router";
import { formatCost, formatDuration } from "@/lib/format";
import { Card } from "@/ui/Card";
import { DataList } from "@/ui/DataList";
import { Id } from "@/ui/Id";
import { Num } from "@/ui/Num";
import { Time } from "@/ui/Time";
import styles from "./Evaluations.module.css";
import type { EvaluationDetail } from "./evaluations";
import { subsetWords } from "./subset";

/** What was frozen, and what it took. */
export function Facts({ project, evaluation }: { project: string; evaluation: EvaluationDetail }) {
  const { summary, adapter } = evaluation;
  const dataset = (
    <Link
      key="dataset"
      to="/p/$project/datasets/$dataset"
      params={{ project, dataset: evaluation.dataset }}
      search={{ version: String(evaluation.dataset_version) }}
    >
      {evaluation.dataset} v{evaluation.dataset_version}
    </Link>
  );
  return (
    <div className={styles.facts}>
      <Card title="What it took">
        <DataList
          items={[
            ["Rows", <Num key="rows" value={summary?.rows ?? evaluation.row_count} />],
            ["Without an output", <Num key="errors" value={summary?.errors} />],
            ["Half answer within", <Num key="p50" value={summary?.latency_ms.p50} format={formatDuration} />],
            ["95 % answer within", <Num key="p95" value={summary?.latency_ms.p95} format={formatDuration} />],
            ["Tokens in", <Num key="in" value={summary?.input_tokens} />],
            ["Tokens out", <Num key="out" value={summary?.output_tokens} />],
            ["Cost of the answers", <Num key="cost" value={summary?.cost} format={formatCost} />],
          ]}
        />
      </Card>
      <Card title="What was frozen">
        <DataList
          items={[
            ["Prompt", evaluation.prompt_path],
            ["Commit", <Id key="commit" value={evaluation.commit} label="commit" />],
            ["Model", evaluation.model],
            ["Adapter", adapter ? adapter.path : "none"],
            ["Data", dataset],
            ["Part of it", subsetWords(evaluation.subset) || "all rows"],
            ["Variables", mappingWords(evaluation.mapping)],
            ["Metrics", evaluation.metrics.map((metric) => `${metric.name} v${metric.version}`).join(", ")],
            ["Started", <Time key="at" at={evaluation.created_at} />],
            ["By", evaluation.actor_name],
          ]}
        />
      </Card>
    </div>
  );
}

function mappingWords(mapping: Record<string, string>): string {
  const pairs = Object.entries(mapping).map(([variable, column]) => `${variable} from ${column}`);
  return pairs.length > 0 ? pairs.join(", ") : "by their own names";
}
