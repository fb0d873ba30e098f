import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useCan } from "@/api/session";
import { fileLink } from "@/features/prompts/files";
import { formatDuration, formatNumber } from "@/lib/format";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { DataList } from "@/ui/DataList";
import { ConfirmDialog } from "@/ui/Dialog";
import { Id } from "@/ui/Id";
import { Page, Stack } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { Progress } from "@/ui/Progress";
import { SkeletonPage } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import { Curve } from "./Curve";
import { Outcome } from "./Outcome";
import styles from "./Training.module.css";
import {
  adapterName,
  type FineTune,
  fineTuneQuery,
  isOpen,
  resultOf,
  shownState,
  useCancel,
} from "./training";
import { useLiveTraining } from "./useLiveTraining";
import { VerdictLine } from "./VerdictLine";

export default function FineTunePage() {
  const { project = "", number = "" } = useParams({ strict: false });
  const tune = useQuery(fineTuneQuery(project, Number(number)));
  useLiveTraining(project, Number(number));
  if (tune.isPending) return <SkeletonPage />;
  if (tune.isError) return <PageError error={tune.error} retry={() => void tune.refetch()} />;
  return <Details project={project} tune={tune.data} />;
}

function Details({ project, tune }: { project: string; tune: FineTune }) {
  return (
    <Page
      title={adapterName(tune)}
      badge={<StateBadge state={shownState(tune)} />}
      description={`Fine-tune #${tune.number} of ${tune.base_model}, on ${tune.dataset} v${tune.version}`}
      breadcrumb={[{ label: "Training", to: "/p/$project/training", params: { project } }]}
      actions={<Actions project={project} tune={tune} />}
    >
      <Stack>
        {tune.error && (
          <Card title={isOpen(tune) ? "Why it is tried again" : "Why it failed"}>
            <p className={styles.error}>{tune.error}</p>
          </Card>
        )}
        {isOpen(tune) && (
          <Card>
            <Progress
              label="Training"
              done={tune.done}
              total={tune.total}
              startedAt={tune.started_at}
              message={tune.state === "queued" ? "Waiting for a worker" : tune.phase || "Training"}
            />
          </Card>
        )}
        <Card title="Loss" description={<VerdictLine tune={tune} />} padding="none">
          <Curve project={project} tune={tune} />
        </Card>
        <div className={styles.columns}>
          <Outcome tune={tune} />
          <About project={project} tune={tune} />
        </div>
      </Stack>
    </Page>
  );
}

function Actions({ project, tune }: { project: string; tune: FineTune }) {
  const cancel = useCancel(project);
  const [asking, setAsking] = useState(false);
  const mayCancel = useCan(project, "editor") && isOpen(tune) && !tune.cancel_requested;
  return (
    <>
      {mayCancel && <Button onClick={() => setAsking(true)}>Cancel training</Button>}
      {tune.draft !== null && (
        <ButtonLink
          variant="primary"
          to="/p/$project/drafts/$number"
          params={{ project, number: String(tune.draft) }}
        >
          {`Review draft #${tune.draft}`}
        </ButtonLink>
      )}
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        title="Cancel this training?"
        action="Cancel training"
        danger
        loading={cancel.isPending}
        onConfirm={() => cancel.mutate(tune.number, { onSettled: () => setAsking(false) })}
      >
        It stops at its next step. The curve stays; no adapter is made.
      </ConfirmDialog>
    </>
  );
}

function About({ project, tune }: { project: string; tune: FineTune }) {
  const result = resultOf(tune);
  const params = tune.params as Record<string, unknown>;
  const layers = params["top_layers"] === 0 ? "all" : `top ${String(params["top_layers"])}`;
  const items: [string, ReactNode][] = [
    [
      "Data",
      <Link key="data" to="/p/$project/datasets/$dataset" params={{ project, dataset: tune.dataset }}>
        {`${tune.dataset} v${tune.version}`}
      </Link>,
    ],
    ["Messages of", tune.prompt_path ? promptLink(project, tune) : "no prompt: the input as it is"],
    ...(tune.bind_prompt ? [["In the draft", "the prompt uses the adapter"] as [string, ReactNode]] : []),
    ["Adapter", <code key="adapter">{tune.adapter_path}</code>],
    ["LoRA", `rank ${String(params["rank"])}, alpha ${String(params["alpha"])}, ${layers} layers`],
    ["Learning rate", formatNumber(Number(params["learning_rate"]), 5).replace(/0+$/, "")],
    ["Epochs and batch", `${String(params["epochs"])} × ${String(params["batch_size"])} examples a step`],
    ["Seed", String(params["seed"])],
    ["Asked for by", tune.actor_name],
    ["Started", <Time key="started" at={tune.started_at ?? tune.created_at} />],
    ...(result ? costs(tune, result) : []),
  ];
  return (
    <Card title="About">
      <DataList items={items} />
    </Card>
  );
}

function promptLink(project: string, tune: FineTune): ReactNode {
  return (
    <span key="prompt">
      <Link {...fileLink(project, tune.prompt_path ?? "", tune.prompt_commit ?? "")}>{tune.prompt_path}</Link>{" "}
      at <Id value={tune.prompt_commit ?? ""} />
    </span>
  );
}

function costs(tune: FineTune, result: NonNullable<ReturnType<typeof resultOf>>): [string, ReactNode][] {
  return [
    ["Took", `${formatDuration(result.seconds * 1000)} for ${formatNumber(result.steps)} steps`],
    ["Speed", `${formatNumber(result.tokens_per_second, 0)} tokens/s on ${result.device}`],
    ["Memory", `${formatNumber(result.peak_memory_mb)} MB at most`],
    ["Trained weights", formatNumber(result.trained_weights)],
    ...(result.starts > 1
      ? [["Starts", `${result.starts}: it was interrupted and went on`] as [string, ReactNode]]
      : []),
    ...(tune.attempts > 1 ? [["Attempts", String(tune.attempts)] as [string, ReactNode]] : []),
  ];
}
