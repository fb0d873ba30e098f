import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { formatNumber, formatPercent } from "@/lib/format";
import { Card } from "@/ui/Card";
import { Num } from "@/ui/Num";
import type { Sort } from "@/ui/sort";
import { type Column, Table } from "@/ui/Table";
import styles from "./Evaluations.module.css";
import { type EvaluationDetail, evaluationLink, type Summary, tablePercent } from "./evaluations";

type Labelled = NonNullable<Summary["labelled"]>;
type Label = Labelled["labels"][number];

/** A labelled set's figures by label, the weakest first, beside what the commonest label alone would reach. */
export function LabelTable({ project, evaluation }: { project: string; evaluation: EvaluationDetail }) {
  const [sort, setSort] = useState<Sort | undefined>({ key: "f1", descending: false });
  const labelled = evaluation.summary?.labelled;
  if (!labelled) return null;
  return (
    <Card
      title="Labels"
      description={`Always answering “${labelled.majority.label}” would reach ${formatPercent(labelled.majority.rate)} for nothing; this reaches ${formatPercent(labelled.accuracy.value)}.${labelled.no_label ? ` ${formatNumber(labelled.no_label)} outputs are no label at all.` : ""}`}
      padding="none"
    >
      <div className={styles.labels}>
        <Table
          label="Labels"
          columns={columns(project, evaluation.number)}
          rows={labelled.labels}
          rowKey={(label) => label.label}
          sort={sort}
          onSort={setSort}
          listKeys={false}
        />
      </div>
    </Card>
  );
}

function columns(project: string, number: number): Column<Label>[] {
  return [
    {
      key: "label",
      header: "Label",
      primary: true,
      sort: (label) => label.label,
      cell: (label) => (
        <Link {...evaluationLink(project, number, { label: label.label })} className={styles.plainLink}>
          {label.label}
        </Link>
      ),
    },
    number_("n", "Rows", (label) => label.n),
    number_("given", "Answered", (label) => label.given),
    share("precision", "Precision", (label) => label.precision),
    share("recall", "Recall", (label) => label.recall),
    share("f1", "F1", (label) => label.f1),
    {
      key: "taken",
      header: "Most often taken for",
      width: "240px",
      wideOnly: true,
      cell: (label) =>
        label.taken_for === null
          ? ""
          : label.taken_for || <span className={styles.quiet}>no label at all</span>,
    },
  ];
}

function number_(key: string, header: string, of: (label: Label) => number): Column<Label> {
  return {
    key,
    header,
    align: "right",
    width: "100px",
    sort: of,
    cell: (label) => <Num value={of(label)} />,
  };
}

function share(key: string, header: string, of: (label: Label) => number | null): Column<Label> {
  return {
    key,
    header,
    align: "right",
    width: "100px",
    sort: of,
    cell: (label) => <Num value={of(label)} format={tablePercent} />,
  };
}
