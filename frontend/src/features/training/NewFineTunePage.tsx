import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { useCan } from "@/api/session";
import { datasetsQuery, versionsQuery } from "@/features/datasets/datasets";
import { filesQuery, MAIN } from "@/features/prompts/files";
import { useSettled } from "@/features/prompts/useSettled";
import { plural } from "@/lib/format";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, Select, TextInput } from "@/ui/Field";
import { Page, Stack } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { SkeletonPage } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import { EstimateCard } from "./EstimateCard";
import { RecipeFields } from "./RecipeFields";
import styles from "./Training.module.css";
import { estimateQuery, type Plan, recipesQuery, useStart } from "./training";

export default function NewFineTunePage() {
  const { project = "" } = useParams({ strict: false });
  const recipes = useQuery(recipesQuery(project));
  const datasets = useQuery(datasetsQuery(project));
  const may = useCan(project, "editor");
  if (recipes.isPending || datasets.isPending) return <SkeletonPage />;
  if (recipes.isError) return <PageError error={recipes.error} retry={() => void recipes.refetch()} />;
  if (datasets.isError) return <PageError error={datasets.error} retry={() => void datasets.refetch()} />;
  const why = !may
    ? "Only editors start a fine-tune."
    : !recipes.data.ready
      ? "The training packages are not installed here. Start Variorum with `make up` without TRAIN=0."
      : recipes.data.base_models.length === 0
        ? "No base model is installed here."
        : "";
  const filled = datasets.data.filter((dataset) => dataset.last_version);
  return (
    <Page
      title="New fine-tune"
      description="Teach the small model a task from examples. Nothing changes for anybody until you merge the draft that it ends in."
      breadcrumb={[{ label: "Training", to: "/p/$project/training", params: { project } }]}
    >
      {why ? (
        <Empty icon="training" title="A fine-tune cannot be started">
          {why}
        </Empty>
      ) : filled.length === 0 ? (
        <Empty
          icon="dataset"
          title="First bring a dataset"
          action={
            <ButtonLink to="/p/$project/datasets/import" params={{ project }} variant="primary" icon="upload">
              Import a dataset
            </ButtonLink>
          }
        >
          A fine-tune needs some hundreds of examples, each with the answer that is expected.
        </Empty>
      ) : (
        <Guide
          project={project}
          datasets={filled.map((dataset) => ({ value: dataset.slug, label: dataset.name }))}
          models={recipes.data.base_models}
          defaults={recipes.data.items[0]?.defaults ?? {}}
        />
      )}
    </Page>
  );
}

interface GuideProps {
  project: string;
  datasets: { value: string; label: string }[];
  models: string[];
  defaults: Record<string, unknown>;
}

function Guide({ project, datasets, models, defaults }: GuideProps) {
  const asked = useSearch({ strict: false }) as { dataset?: string; prompt?: string };
  const navigate = useNavigate();
  const [plan, setPlan] = useState<Plan>(() => ({
    dataset: datasets.some((item) => item.value === asked.dataset)
      ? (asked.dataset ?? "")
      : ((datasets.find((item) => /train/i.test(item.value)) ?? datasets[0])?.value ?? ""),
    version: "latest",
    base_model: models[0] ?? "",
    prompt_path: asked.prompt ?? "",
    bind_prompt: true,
    adapter_name: asked.prompt ? adapterOf(asked.prompt) : "",
    start_from: "",
    params: defaults,
  }));
  const set = (change: Partial<Plan>) => setPlan((before) => ({ ...before, ...change }));
  const estimate = useQuery(estimateQuery(project, useSettled(plan)));
  const start = useStart(project, (made) => {
    toast("The fine-tune is queued");
    void navigate({ to: "/p/$project/training/$number", params: { project, number: String(made.number) } });
  });
  const problem = start.error
    ? toProblem(start.error)
    : estimate.error
      ? toProblem(estimate.error)
      : undefined;
  const wrong = (name: string) => problem?.field(name) ?? problem?.field(`params.${name}`);
  return (
    <Form onSubmit={() => start.mutate(plan)}>
      <div className={styles.form}>
        <Stack>
          <DataCard project={project} datasets={datasets} plan={plan} set={set} wrong={wrong} />
          <FormatCard project={project} plan={plan} set={set} />
          <Card title="3. Adapter">
            <div className={styles.pair}>
              <Field
                label="Name"
                hint="Such as the task: triage. If there is one of this name, the draft replaces it."
                error={wrong("adapter_name")}
              >
                <TextInput
                  value={plan.adapter_name}
                  maxLength={120}
                  placeholder="triage"
                  onChange={(event) => set({ adapter_name: event.target.value })}
                />
              </Field>
              <Field label="Base model" error={wrong("base_model")}>
                <Select
                  options={models.map((value) => ({ value, label: value }))}
                  value={plan.base_model}
                  onChange={(event) => set({ base_model: event.target.value })}
                />
              </Field>
            </div>
            <StartFrom project={project} plan={plan} set={set} wrong={wrong} />
          </Card>
          <RecipeFields params={plan.params} onChange={(params) => set({ params })} wrong={wrong} />
        </Stack>
        <div className={styles.side}>
          <EstimateCard estimate={estimate.data} error={estimate.error} waiting={estimate.isPending}>
            {start.error && <FormError error={start.error} />}
            <Button
              variant="primary"
              type="submit"
              loading={start.isPending}
              disabled={!plan.adapter_name || estimate.isError}
            >
              Start fine-tune
            </Button>
            {!plan.adapter_name && <p className={styles.hint}>Give the adapter a name, then it can start.</p>}
          </EstimateCard>
        </div>
      </div>
    </Form>
  );
}

interface PartProps {
  project: string;
  plan: Plan;
  set: (change: Partial<Plan>) => void;
}

interface DataProps extends PartProps {
  datasets: { value: string; label: string }[];
  wrong: (name: string) => string | undefined;
}

function DataCard({ project, datasets, plan, set, wrong }: DataProps) {
  const versions = useQuery(versionsQuery(project, plan.dataset));
  const options = (versions.data ?? []).map((version) => ({
    value: String(version.number),
    label: `v${version.number}, ${plural(version.row_count, "row")}`,
  }));
  return (
    <Card title="1. Data" description="The expected answer of each row is what the model learns to say.">
      <div className={styles.pair}>
        <Field label="Dataset" error={wrong("dataset")}>
          <Select
            options={datasets}
            value={plan.dataset}
            onChange={(event) => set({ dataset: event.target.value, version: "latest" })}
          />
        </Field>
        <Field label="Version" error={wrong("version")}>
          <Select
            options={[{ value: "latest", label: "the newest" }, ...options]}
            value={plan.version}
            onChange={(event) => set({ version: event.target.value })}
          />
        </Field>
      </div>
    </Card>
  );
}

function FormatCard({ project, plan, set }: PartProps) {
  const files = useQuery(filesQuery(project, MAIN));
  const prompts = (files.data?.items ?? []).filter((file) => file.kind === "prompt");
  const choose = (path: string) =>
    set({ prompt_path: path, ...(plan.adapter_name ? {} : { adapter_name: adapterOf(path) }) });
  return (
    <Card
      title="2. Message format"
      description="The model learns best in the very messages that it will see: those of a prompt."
    >
      <div className={styles.fields}>
        <Field label="Prompt" optional>
          <Select
            placeholder="No prompt: the input as it is"
            options={prompts.map((file) => ({ value: file.path, label: file.path }))}
            value={plan.prompt_path}
            onChange={(event) => choose(event.target.value)}
          />
        </Field>
        {plan.prompt_path && (
          <Checkbox
            label="Let this prompt use the adapter"
            hint="The draft also binds the adapter to the prompt, so that evaluating the draft tries it."
            checked={plan.bind_prompt}
            onChange={(event) => set({ bind_prompt: event.target.checked })}
          />
        )}
      </div>
    </Card>
  );
}

/** Going on from an adapter of main; not shown while there is none. */
function StartFrom({
  project,
  plan,
  set,
  wrong,
}: PartProps & { wrong: (name: string) => string | undefined }) {
  const files = useQuery(filesQuery(project, MAIN));
  const folders = (files.data?.items ?? [])
    .filter((file) => file.path.endsWith("/adapter_config.json"))
    .map((file) => file.path.replace(/\/adapter_config\.json$/, ""));
  if (folders.length === 0) return null;
  return (
    <Field
      label="Go on from"
      optional
      hint="Its rank, layers and modules must be those below."
      error={wrong("start_from")}
    >
      <Select
        placeholder="Nothing: a fresh adapter"
        options={folders.map((value) => ({ value, label: value }))}
        value={plan.start_from}
        onChange={(event) => set({ start_from: event.target.value })}
      />
    </Field>
  );
}

/** "prompts/support/triage.prompt" -> "support/triage". */
function adapterOf(path: string): string {
  return path.replace(/^prompts\//, "").replace(/\.prompt$/, "");
}
