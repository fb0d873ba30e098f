import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Checkbox, Field, Select } from "@/ui/Field";
import { Page } from "@/ui/Page";
import { SkeletonText } from "@/ui/Skeleton";
import { facetsQuery } from "../logs/logs";
import { Figures } from "./Figures";
import { Panels } from "./Panels";
import styles from "./Quality.module.css";
import { type QualitySearch, qualityQuery, question, RANGES } from "./quality";
import { SamplingCard } from "./SamplingCard";

export default function QualityPage() {
  const { project = "" } = useParams({ strict: false });
  const search: QualitySearch = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = (next: QualitySearch) =>
    void navigate({ to: "/p/$project/quality", params: { project }, search: next });
  const asked = question(search);
  const found = useQuery({ ...qualityQuery(project, asked), placeholderData: keepPreviousData });
  const { group: _, ...logs } = asked;
  const empty = found.data?.series.every((one) => one.whole.requests === 0);
  return (
    <Page
      title="Quality"
      description="What production was worth: every figure on one axis of time, deployments as vertical lines."
      actions={
        <Link to="/p/$project/logs" params={{ project }} search={logs}>
          Logs of this range
        </Link>
      }
    >
      <Scope project={project} search={search} onChange={change} />
      {found.isPending && <SkeletonText lines={12} />}
      {found.isError && <ErrorState error={found.error} retry={() => void found.refetch()} />}
      {empty && (
        <Card>
          <Empty icon="quality" title="No requests in this range">
            Applications send them with the SDK: <code>client.log(prompt=…, input=…, output=…)</code>. Choose
            a longer range, or another environment or prompt.
          </Empty>
        </Card>
      )}
      {found.data && !empty && (
        <>
          <Figures data={found.data} />
          <Panels
            project={project}
            data={found.data}
            onRange={(from, to) => change({ ...search, from: iso(from), to: iso(to) })}
          />
        </>
      )}
      <SamplingCard project={project} />
    </Page>
  );
}

const iso = (seconds: number) => new Date(Math.round(seconds) * 1000).toISOString();

interface ScopeProps {
  project: string;
  search: QualitySearch;
  onChange: (next: QualitySearch) => void;
}

/** Environment, prompt, range and whether to split by commit. */
function Scope({ project, search, onChange }: ScopeProps) {
  const facets = useQuery(facetsQuery(project));
  const choices = (name: "environment" | "prompt") => {
    const values = (facets.data?.[name] ?? []).map((item) => item.value);
    const chosen = search[name];
    return (chosen && !values.includes(chosen) ? [...values, chosen] : values).map((value) => ({
      value,
      label: value,
    }));
  };
  const set = (name: keyof QualitySearch, value: string) => {
    const { [name]: _, ...rest } = search;
    onChange(value ? { ...rest, [name]: value } : rest);
  };
  const { from, to, ...unbrushed } = search;
  const brushed = from !== undefined && to !== undefined;
  return (
    <div className={styles.scope}>
      <Field label="Environment" hideLabel>
        <Select
          options={[{ value: "", label: "All environments" }, ...choices("environment")]}
          value={search.environment ?? ""}
          onChange={(event) => set("environment", event.target.value)}
        />
      </Field>
      <Field label="Prompt" hideLabel>
        <Select
          options={[{ value: "", label: "All prompts" }, ...choices("prompt")]}
          value={search.prompt ?? ""}
          onChange={(event) => set("prompt", event.target.value)}
        />
      </Field>
      <Field label="Range" hideLabel>
        <Select
          options={[
            ...(brushed ? [{ value: "brushed", label: "Chosen range" }] : []),
            ...RANGES.map(({ value, label }) => ({ value, label })),
          ]}
          value={brushed ? "brushed" : (search.range ?? "7d")}
          onChange={(event) => onChange({ ...unbrushed, range: event.target.value })}
        />
      </Field>
      <Checkbox
        label="Split by commit"
        checked={search.split === "commit"}
        onChange={(event) => set("split", event.target.checked ? "commit" : "")}
      />
      {brushed && (
        <Button variant="quiet" onClick={() => onChange(unbrushed)}>
          Show the whole range
        </Button>
      )}
    </div>
  );
}
