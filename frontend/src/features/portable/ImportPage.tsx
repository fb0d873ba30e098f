import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { projectsQuery } from "@/api/session";
import { formatBytes, formatNumber } from "@/lib/format";
import { PlainShell } from "@/shell/PlainShell";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { DataList } from "@/ui/DataList";
import { ErrorState } from "@/ui/ErrorState";
import { Page, Stack } from "@/ui/Page";
import { Progress } from "@/ui/Progress";
import { SkeletonPage } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import styles from "./Portable.module.css";
import { importQuery, isUnderWay, type ProjectImport, useCancelImport, useForgetImport } from "./portable";

/** A project on its way here: how far it is, why it was refused, or what came. */
export default function ImportPage() {
  const { number = "" } = useParams({ strict: false });
  const found = useQuery(importQuery(Number(number)));
  const queries = useQueryClient();
  const here = found.data?.state === "succeeded";
  useEffect(() => {
    if (here) void queries.invalidateQueries({ queryKey: projectsQuery.queryKey });
  }, [here, queries]);
  return (
    <PlainShell>
      {found.isPending && <SkeletonPage />}
      {found.isError && <ErrorState error={found.error} retry={() => void found.refetch()} />}
      {found.data && <Shown found={found.data} />}
    </PlainShell>
  );
}

function Shown({ found }: { found: ProjectImport }) {
  return (
    <Page
      title={found.title}
      badge={
        <StateBadge
          state={found.cancel_requested && isUnderWay(found) ? "cancelling" : (found.state ?? "queued")}
        />
      }
      description="A project comes whole or not at all. You can leave this page; the import goes on."
      breadcrumb={[{ label: "Projects", to: "/" }]}
      width="narrow"
      actions={
        found.report && (
          <ButtonLink variant="primary" to="/p/$project" params={{ project: found.report.slug }}>
            Open {found.report.name}
          </ButtonLink>
        )
      }
    >
      <Stack>
        {isUnderWay(found) && <UnderWay found={found} />}
        {(found.state === "failed" || found.state === "cancelled") && <NotHere found={found} />}
        {found.report && <Came report={found.report} />}
      </Stack>
    </Page>
  );
}

function UnderWay({ found }: { found: ProjectImport }) {
  const cancel = useCancelImport();
  const waiting = found.state === "queued";
  return (
    <Card title="Progress">
      <Progress
        label={found.title}
        done={found.done ?? 0}
        total={waiting ? 0 : found.total}
        startedAt={found.created_at}
        message={waiting ? "Waiting for a worker" : found.message && `Reading ${found.message}`}
        figure={formatBytes}
        action={
          !found.cancel_requested && (
            <Button size="small" loading={cancel.isPending} onClick={() => cancel.mutate(found.id)}>
              Cancel
            </Button>
          )
        }
      />
      {found.error && <p className={styles.quiet}>It is tried again, because: {found.error}</p>}
    </Card>
  );
}

function NotHere({ found }: { found: ProjectImport }) {
  const forget = useForgetImport();
  const navigate = useNavigate();
  return (
    <Card title={found.state === "failed" ? "Why nothing was imported" : "Nothing was imported"}>
      <p className={styles.reason}>{found.error || "It was cancelled."}</p>
      <p className={styles.quiet}>
        {found.code === "slug_taken"
          ? "Import the file again under another name."
          : "Nothing of it was kept. When the file was damaged on its way, export the project again."}
      </p>
      <Button
        loading={forget.isPending}
        onClick={() => forget.mutate(found.id, { onSuccess: () => void navigate({ to: "/" }) })}
      >
        Remove this import
      </Button>
    </Card>
  );
}

function Came({ report }: { report: NonNullable<ProjectImport["report"]> }) {
  const count = (name: string) => formatNumber(report.rows[name] ?? 0);
  return (
    <>
      <Card title="What came">
        <DataList
          items={[
            ["Branches and tags", formatNumber(report.refs)],
            ["Drafts", count("drafts.draft")],
            ["Comments", count("drafts.comment")],
            ["Deployments", count("deployments.deployment")],
            ["Versions of datasets", count("datasets.datasetversion")],
            ["Large files", formatNumber(report.objects)],
            ["In all", formatBytes(report.bytes)],
          ]}
        />
      </Card>
      <Card title="What is left to do">
        <ul className={styles.list}>
          <li>Keys and secrets are in no export: enter those of model providers and webhooks anew.</li>
          <li>Make API keys for the programs that are to use this copy.</li>
          {report.without_account.length > 0 && (
            <li>
              These people have no account here yet and cannot sign in: {report.without_account.join(", ")}.
            </li>
          )}
        </ul>
      </Card>
    </>
  );
}
