import { useInfiniteQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useCan } from "@/api/session";
import { formatPercent } from "@/lib/format";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { LoadMore } from "@/ui/LoadMore";
import { Num } from "@/ui/Num";
import { Page } from "@/ui/Page";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { adapterName, type FineTune, fineTunesQuery, isOpen, resultOf, shownState } from "./training";
import { useLiveTraining } from "./useLiveTraining";

export default function TrainingPage() {
  const { project = "" } = useParams({ strict: false });
  const mayStart = useCan(project, "editor");
  const start = mayStart && (
    <ButtonLink to="/p/$project/training/new" params={{ project }} variant="primary" icon="plus">
      New fine-tune
    </ButtonLink>
  );
  return (
    <Page
      title="Training"
      description="A dataset version becomes a LoRA adapter of the small model; the adapter arrives as a draft."
      actions={start}
      width="full"
    >
      <Card padding="none">
        <List project={project} start={start} />
      </Card>
    </Page>
  );
}

function List({ project, start }: { project: string; start: React.ReactNode }) {
  const tunes = useInfiniteQuery(fineTunesQuery(project));
  useLiveTraining(project);
  if (tunes.isPending) return <SkeletonRows rows={5} columns={6} />;
  if (tunes.isError) return <ErrorState error={tunes.error} retry={() => void tunes.refetch()} />;
  const rows = tunes.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) {
    return (
      <Empty icon="training" title="No fine-tunes yet" action={start}>
        Some hundreds of examples with their expected answers teach the small model a task such as sorting
        messages. You see the loss while it learns, and review the outcome like any other change.
      </Empty>
    );
  }
  return (
    <Table
      label="Fine-tunes"
      columns={COLUMNS}
      rows={rows}
      rowKey={(tune) => String(tune.number)}
      rowLink={(tune) => ({
        to: "/p/$project/training/$number",
        params: { project, number: String(tune.number) },
      })}
      footer={tunes.hasNextPage && <LoadMore pages={tunes} />}
    />
  );
}

const COLUMNS: Column<FineTune>[] = [
  { key: "number", header: "No.", cell: (tune) => `#${tune.number}`, width: "64px", wideOnly: true },
  { key: "adapter", header: "Adapter", primary: true, cell: adapterName },
  {
    key: "state",
    header: "State",
    width: "130px",
    cell: (tune) => (
      <StateBadge state={shownState(tune)} plain>
        {isOpen(tune) && tune.total
          ? `${shownState(tune)}, ${formatPercent(tune.done / tune.total, 0)}`
          : undefined}
      </StateBadge>
    ),
  },
  {
    key: "verdict",
    header: "What the curve says",
    cell: (tune) => (tune.state === "failed" ? tune.error : tune.verdict.text),
  },
  { key: "data", header: "Data", width: "190px", cell: (tune) => `${tune.dataset} v${tune.version}` },
  {
    key: "exact",
    header: "Exact answers",
    align: "right",
    width: "130px",
    cell: (tune) => <Exact tune={tune} />,
  },
  {
    key: "draft",
    header: "Draft",
    width: "80px",
    cell: (tune) => (tune.draft === null ? "–" : `#${tune.draft}`),
  },
  {
    key: "started",
    header: "Started",
    align: "right",
    width: "120px",
    cell: (tune) => <Time at={tune.created_at} />,
  },
];

function Exact({ tune }: { tune: FineTune }) {
  const result = resultOf(tune);
  if (!result?.held_out_best) return <Num value={null} />;
  return (
    <Num value={result.held_out_best.val_exact * 100} digits={0} unit="%" n={result.examples.held_out} />
  );
}
