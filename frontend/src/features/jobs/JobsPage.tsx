import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Select } from "@/ui/Field";
import { LoadMore } from "@/ui/LoadMore";
import { Page } from "@/ui/Page";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { type Job, jobsQuery, kindWords, shownState } from "./jobs";
import { tookMs } from "./took";

const COLUMNS: Column<Job>[] = [
  { key: "number", header: "No.", cell: (job) => `#${job.number}`, width: "64px", wideOnly: true },
  { key: "title", header: "Job", cell: (job) => job.title, primary: true },
  { key: "kind", header: "Kind", cell: (job) => kindWords(job.kind), width: "120px" },
  {
    key: "state",
    header: "State",
    cell: (job) => <StateBadge state={shownState(job)} plain />,
    width: "120px",
  },
  { key: "by", header: "By", cell: (job) => job.actor_name, width: "180px", wideOnly: true },
  { key: "took", header: "Took", cell: (job) => tookMs(job), align: "right", width: "110px" },
  {
    key: "created",
    header: "Started",
    cell: (job) => <Time at={job.created_at} />,
    align: "right",
    width: "110px",
  },
];

const FILTERS = [
  { value: "", label: "All states" },
  { value: "open", label: "Not ended" },
  { value: "succeeded", label: "Succeeded" },
  { value: "failed", label: "Failed" },
  { value: "cancelled", label: "Cancelled" },
];

export default function JobsPage() {
  const { project = "" } = useParams({ strict: false });
  const { state } = useSearch({ strict: false }) as { state?: string };
  const navigate = useNavigate();
  const filter = (next: string) =>
    void navigate({
      to: "/p/$project/jobs",
      params: { project },
      search: next ? { state: next } : {},
      replace: true,
    });
  return (
    <Page title="Jobs" description="Long work done by a worker: fine-tunes, evaluations, imports.">
      <Card
        title="All jobs"
        padding="none"
        actions={
          <Select
            aria-label="State"
            options={FILTERS}
            value={state ?? ""}
            onChange={(event) => filter(event.target.value)}
          />
        }
      >
        <JobList project={project} state={state} onClear={() => filter("")} />
      </Card>
    </Page>
  );
}

function JobList({
  project,
  state,
  onClear,
}: {
  project: string;
  state: string | undefined;
  onClear: () => void;
}) {
  const jobs = useInfiniteQuery(jobsQuery(project, state));
  if (jobs.isPending) return <SkeletonRows columns={5} />;
  if (jobs.isError) return <ErrorState error={jobs.error} retry={() => void jobs.refetch()} />;
  const rows = jobs.data.pages.flatMap((page) => page.items);
  if (rows.length === 0 && state) {
    return (
      <Empty
        icon="filter"
        title="No job is in this state"
        action={<Button onClick={onClear}>Show all jobs</Button>}
      />
    );
  }
  if (rows.length === 0) {
    return (
      <Empty icon="jobs" title="No jobs yet">
        Fine-tunes, evaluations and imports show up here, with progress while they run.
      </Empty>
    );
  }
  return (
    <Table
      label="Jobs"
      columns={COLUMNS}
      rows={rows}
      rowKey={(job) => String(job.number)}
      rowLink={(job) => ({ to: "/p/$project/jobs/$number", params: { project, number: String(job.number) } })}
      footer={jobs.hasNextPage && <LoadMore pages={jobs} />}
    />
  );
}
