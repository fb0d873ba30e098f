import { formatNumber, formatPercent } from "@/lib/format";
import { Card } from "@/ui/Card";
import { type Column, Table } from "@/ui/Table";
import styles from "./Training.module.css";
import { type FineTune, type Result, resultOf, wilson } from "./training";

interface Row {
  what: string;
  before: string;
  after: string;
}

/** What the held-out examples say: before, after, of how many, how sure. */
export function Outcome({ tune }: { tune: FineTune }) {
  const result = resultOf(tune);
  if (!result?.held_out_before || !result.held_out_best) return null;
  const n = result.examples.held_out;
  return (
    <Card
      title="Held-out examples"
      description={`${formatNumber(n)} examples that were not trained on; ${formatNumber(result.examples.trained)} were.`}
      padding="none"
    >
      <Table
        label="Held-out examples"
        columns={COLUMNS}
        rows={rowsOf(result, n)}
        rowKey={(row) => row.what}
        listKeys={false}
      />
      {(n < 100 || result.examples.too_long > 0) && (
        <p className={styles.note}>
          {n < 100 && "So few examples say little: evaluate the draft before you merge it. "}
          {result.examples.too_long > 0 &&
            `${formatNumber(result.examples.too_long)} examples were too long and left out.`}
        </p>
      )}
    </Card>
  );
}

const COLUMNS: Column<Row>[] = [
  { key: "what", header: "Measure", primary: true, cell: (row) => row.what },
  { key: "before", header: "Base model", align: "right", width: "150px", cell: (row) => row.before },
  { key: "after", header: "With the adapter", align: "right", width: "190px", cell: (row) => row.after },
];

function rowsOf(result: Result, n: number): Row[] {
  const [before, best] = [result.held_out_before, result.held_out_best];
  if (!before || !best) return [];
  return [
    {
      what: "Loss, nats per answer token",
      before: formatNumber(before.val_loss, 3),
      after: formatNumber(best.val_loss, 3),
    },
    { what: "Answered exactly", before: share(before.val_exact, n), after: share(best.val_exact, n) },
  ];
}

/** "72 % (60 to 82)", the 95 % interval in brackets. */
function share(value: number, n: number): string {
  const [low, high] = wilson(value * n, n);
  return `${formatPercent(value, 0)} (${Math.round(low * 100)} to ${Math.round(high * 100)})`;
}
