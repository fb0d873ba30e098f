import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useCan } from "@/api/session";
import { formatNumber } from "@/lib/format";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Dialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Field, Select, TextInput } from "@/ui/Field";
import { Id } from "@/ui/Id";
import { Page } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { SkeletonPage, SkeletonRows } from "@/ui/Skeleton";
import type { Column } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { VirtualTable } from "@/ui/VirtualTable";
import styles from "./Datasets.module.css";
import {
  cellText,
  datasetQuery,
  type Row,
  type RowFilter,
  rowsQuery,
  sourceWords,
  type Version,
  versionQuery,
  versionsQuery,
} from "./datasets";
import { ProfileStrip } from "./ProfileStrip";

export default function DatasetPage() {
  const { project = "", dataset = "" } = useParams({ strict: false });
  const search = useSearch({ strict: false });
  const found = useQuery(datasetQuery(project, dataset));
  const version = useQuery({
    ...versionQuery(project, dataset, search.version ?? "latest"),
    enabled: (found.data?.last_version ?? 0) > 0,
  });
  const some = (found.data?.last_version ?? 0) > 0;
  if (found.isPending) return <SkeletonPage />;
  if (found.isError) return <PageError error={found.error} retry={() => void found.refetch()} />;
  const add = (
    <ButtonLink
      to="/p/$project/datasets/import"
      params={{ project }}
      search={{ into: dataset }}
      icon="upload"
    >
      Import a new version
    </ButtonLink>
  );
  return (
    <Page
      title={found.data.name}
      description={found.data.description}
      breadcrumb={[{ label: "Datasets", to: "/p/$project/datasets", params: { project } }]}
      actions={some ? <Uses project={project} dataset={dataset} add={add} /> : add}
      width="full"
    >
      {!some && (
        <Empty icon="dataset" title="No version yet" action={add}>
          Import a file to make the first one.
        </Empty>
      )}
      {version.isError && <ErrorState error={version.error} retry={() => void version.refetch()} />}
      {version.isPending && some && <SkeletonRows rows={10} columns={3} />}
      {version.data && <VersionView project={project} dataset={dataset} version={version.data} />}
    </Page>
  );
}

/** What one does with a dataset next: prove a prompt on it, teach a model with it. */
function Uses({ project, dataset, add }: { project: string; dataset: string; add: ReactNode }) {
  if (!useCan(project, "editor")) return null;
  return (
    <>
      {add}
      <ButtonLink to="/p/$project/training/new" params={{ project }} search={{ dataset }} icon="training">
        Fine-tune on it
      </ButtonLink>
      <ButtonLink
        to="/p/$project/evaluations/suites/new"
        params={{ project }}
        search={{ dataset }}
        icon="evaluation"
      >
        Evaluate a prompt on it
      </ButtonLink>
    </>
  );
}

function VersionView({ project, dataset, version }: { project: string; dataset: string; version: Version }) {
  const { q, label, tag } = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = (next: Record<string, string | undefined>) =>
    void navigate({ to: ".", search: (before: object) => ({ ...before, ...next }), replace: true });
  const filter: RowFilter = { ...(q ? { q } : {}), ...(label ? { label } : {}), ...(tag ? { tag } : {}) };
  return (
    <>
      <VersionBar
        project={project}
        dataset={dataset}
        version={version}
        onVersion={(v) => change({ version: v })}
      />
      <ProfileStrip profile={version.profile} label={label} onLabel={(next) => change({ label: next })} />
      <Rows project={project} dataset={dataset} version={version} filter={filter} onFilter={change} />
    </>
  );
}

interface VersionBarProps {
  project: string;
  dataset: string;
  version: Version;
  onVersion: (version: string) => void;
}

function VersionBar({ project, dataset, version, onVersion }: VersionBarProps) {
  const versions = useQuery(versionsQuery(project, dataset));
  const address = `/api/v1/projects/${project}/datasets/${dataset}/versions/${version.number}/export`;
  return (
    <div className={styles.filters}>
      <Field label="Version">
        <Select
          value={String(version.number)}
          onChange={(event) => onVersion(event.target.value)}
          options={(versions.data ?? [version]).map((item) => ({
            value: String(item.number),
            label: `v${item.number} · ${formatNumber(item.row_count)} rows · ${sourceWords(item.source)}`,
          }))}
        />
      </Field>
      <p className={styles.facts}>
        <Id value={version.sha256} label="content hash" /> · by {version.actor_name}{" "}
        <Time at={version.created_at} />
      </p>
      <p className={styles.downloads}>
        Download{" "}
        <a href={`${address}?as=csv`} download>
          CSV
        </a>{" "}
        or{" "}
        <a href={`${address}?as=jsonl`} download>
          JSON lines
        </a>
      </p>
    </div>
  );
}

interface RowsProps {
  project: string;
  dataset: string;
  version: Version;
  filter: RowFilter;
  onFilter: (next: Record<string, string | undefined>) => void;
}

function Rows({ project, dataset, version, filter, onFilter }: RowsProps) {
  const [open, setOpen] = useState<Row | null>(null);
  const pages = useInfiniteQuery(rowsQuery(project, dataset, String(version.number), filter));
  const rows = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const total = pages.data?.pages[0]?.total ?? 0;
  const narrowed = Object.keys(filter).length > 0;
  const clear = () => onFilter({ q: undefined, label: undefined, tag: undefined });
  return (
    <>
      <div className={styles.filters}>
        <form
          className={styles.search}
          role="search"
          onSubmit={(event) => {
            event.preventDefault();
            onFilter({ q: String(new FormData(event.currentTarget).get("q") ?? "") || undefined });
          }}
        >
          <Field label="Find in rows" hideLabel>
            <TextInput
              key={filter.q ?? ""}
              name="q"
              type="search"
              placeholder="Find in rows"
              defaultValue={filter.q}
            />
          </Field>
        </form>
        {narrowed && (
          <Button variant="quiet" icon="close" onClick={clear}>
            Clear{filter.label ? ` label “${filter.label}”` : ""}
          </Button>
        )}
        <p className={styles.facts} aria-live="polite">
          {pages.isSuccess && `${formatNumber(total)} ${narrowed ? "match" : "rows"}`}
        </p>
      </div>
      <Card padding="none">
        {pages.isPending && <SkeletonRows rows={12} columns={3} />}
        {pages.isError && <ErrorState error={pages.error} retry={() => void pages.refetch()} />}
        {pages.isSuccess && rows.length === 0 && (
          <Empty
            icon="search"
            title="No row matches"
            action={narrowed && <Button onClick={clear}>Clear</Button>}
          >
            Nothing in this version holds what you asked for.
          </Empty>
        )}
        {rows.length > 0 && (
          <VirtualTable
            label="Rows"
            columns={columnsOf(version)}
            rows={rows}
            rowKey={(row) => String(row.index)}
            onOpen={setOpen}
            height="calc(100dvh - 160px)"
            onEnd={() => {
              if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
            }}
          />
        )}
      </Card>
      <RowDialog row={open} onClose={() => setOpen(null)} />
    </>
  );
}

function columnsOf(version: Version): Column<Row>[] {
  return [
    { key: "index", header: "#", align: "right", width: "72px", cell: (row) => formatNumber(row.index + 1) },
    ...version.columns.map((column, place) => ({
      key: `in-${column.name}`,
      header: column.name,
      primary: place === 0,
      cell: (row: Row) => <span className={styles.one}>{cellText(row.input[column.name])}</span>,
    })),
    {
      key: "expected",
      header: "Expected",
      width: "220px",
      cell: (row) => <span className={styles.one}>{row.expected ?? "–"}</span>,
    },
    { key: "tags", header: "Tags", width: "140px", wideOnly: true, cell: (row) => row.tags.join(", ") },
  ];
}

function RowDialog({ row, onClose }: { row: Row | null; onClose: () => void }) {
  return (
    <Dialog
      open={row !== null}
      onClose={onClose}
      title={row ? `Row ${formatNumber(row.index + 1)}` : ""}
      shape="wide"
    >
      {row && (
        <dl style={{ display: "grid", gap: 12 }}>
          {Object.entries(row.input).map(([name, value]) => (
            <div key={name}>
              <dt style={{ color: "var(--text-2)" }}>{name}</dt>
              <dd className={styles.text}>{cellText(value)}</dd>
            </div>
          ))}
          <div>
            <dt style={{ color: "var(--text-2)" }}>Expected</dt>
            <dd className={styles.text}>{row.expected ?? "–"}</dd>
          </div>
        </dl>
      )}
    </Dialog>
  );
}
