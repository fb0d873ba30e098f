import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useLive } from "@/api/live";
import { formatBytes } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Id } from "@/ui/Id";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { toastProblem } from "@/ui/Toast";
import { SettingsFrame } from "../settings/SettingsFrame";
import styles from "./Portable.module.css";
import { type Export, exportsQuery, fileAddress, useExport } from "./portable";

/** The project as one file: start it, fetch it, and what is not in it. */
export default function ExportPage() {
  const { project = "" } = useParams({ strict: false });
  const exports = useQuery(exportsQuery(project));
  const start = useExport(project);
  useLive(project, () => undefined);
  const button = (
    <Button
      variant="primary"
      icon="download"
      loading={start.isPending}
      onClick={() => start.mutate(undefined, { onError: toastProblem })}
    >
      Export this project
    </Button>
  );
  return (
    <SettingsFrame
      title="Export"
      description="Everything in one file, to keep or to import elsewhere: the repository with all drafts and tags, reviews, deployments as they were served, datasets, suites, rules and people. A file is kept for a week."
      actions={button}
    >
      <Card padding="none">
        {exports.isPending && <SkeletonRows rows={3} columns={4} />}
        {exports.isError && <ErrorState error={exports.error} retry={() => void exports.refetch()} />}
        {exports.data?.items.length === 0 && (
          <Empty icon="download" title="No exports yet" action={button}>
            The file is written by a job; you can leave this page meanwhile.
          </Empty>
        )}
        {exports.data && exports.data.items.length > 0 && (
          <Table
            label="Exports"
            columns={columns(project)}
            rows={exports.data.items}
            rowKey={(item) => String(item.job.number)}
          />
        )}
      </Card>
      <Card title="What is not in it">
        <ul className={styles.list}>
          <li>
            API keys, keys of model providers, secrets of webhooks, and the paths of webhook addresses: enter
            them anew after an import.
          </li>
          <li>Logs and their scores: they are many and about people, and stay where they were received.</li>
          <li>
            Jobs, outputs of evaluations and curves of fine-tunes. What came of them is in it: checks,
            adapters, datasets.
          </li>
          <li>The audit trail and inboxes, which tell what happened on this installation.</li>
        </ul>
      </Card>
    </SettingsFrame>
  );
}

function columns(project: string): Column<Export>[] {
  return [
    {
      key: "job",
      header: "Export",
      primary: true,
      cell: ({ job }) => (
        <Link to="/p/$project/jobs/$number" params={{ project, number: String(job.number) }}>
          #{job.number} by {job.actor_name}
        </Link>
      ),
    },
    {
      key: "state",
      header: "State",
      width: "130px",
      cell: ({ job }) => <StateBadge state={job.state ?? "queued"} />,
    },
    {
      key: "size",
      header: "Size",
      align: "right",
      width: "110px",
      cell: ({ size }) => (size === null ? "–" : formatBytes(size)),
    },
    {
      key: "sha",
      header: "SHA-256",
      width: "110px",
      wideOnly: true,
      cell: ({ sha256 }) => (sha256 ? <Id value={sha256} label="SHA-256" /> : "–"),
    },
    { key: "at", header: "Started", width: "120px", cell: ({ job }) => <Time at={job.created_at} /> },
    {
      key: "file",
      header: "File",
      hideHeader: true,
      align: "right",
      width: "150px",
      cell: ({ job, until }) =>
        until ? (
          <a href={fileAddress(project, job.number)} download aria-label={`Download export #${job.number}`}>
            Download
          </a>
        ) : job.state === "succeeded" ? (
          "no longer kept"
        ) : (
          job.error || job.message || ""
        ),
    },
  ];
}
