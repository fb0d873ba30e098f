import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useCan } from "@/api/session";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialog";
import { Page } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { SkeletonPage } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import { evaluationLink } from "./evaluations";
import { RunDialog } from "./RunDialog";
import { SuiteForm } from "./SuiteForm";
import { type Suite, suiteQuery, useArchiveSuite } from "./suites";

const HOME = "/p/$project/evaluations";

export default function SuitePage() {
  const { project = "", suite } = useParams({ strict: false });
  const search = useSearch({ strict: false });
  const found = useQuery({ ...suiteQuery(project, suite ?? ""), enabled: suite !== undefined });
  const navigate = useNavigate();
  if (suite !== undefined && found.isPending) return <SkeletonPage />;
  if (found.isError) return <PageError error={found.error} retry={() => void found.refetch()} />;
  const before = found.data;
  return (
    <Page
      title={before?.name ?? "New suite"}
      badge={before?.required && <Badge tone="accent">guards merges</Badge>}
      description={
        before
          ? `Publishes the check “${before.check_name}”. Evaluations that were made keep what they froze.`
          : "Which data, which prompt, which metrics, and when the check passes."
      }
      breadcrumb={[{ label: "Evaluations", to: HOME, params: { project } }]}
      actions={before && <Actions project={project} suite={before} />}
    >
      <SuiteForm
        key={before?.version ?? 0}
        project={project}
        before={before}
        prompt={search.prompt}
        dataset={search.dataset}
        onSaved={(saved) => {
          toast(before ? "Suite saved" : "Suite made");
          void navigate({
            to: "/p/$project/evaluations/suites/$suite",
            params: { project, suite: saved.slug },
          });
        }}
      />
    </Page>
  );
}

function Actions({ project, suite }: { project: string; suite: Suite }) {
  const [open, setOpen] = useState<"run" | "archive" | null>(null);
  const navigate = useNavigate();
  const may = useCan(project, suite.required ? "maintainer" : "editor");
  const mayRun = useCan(project, "editor");
  const archive = useArchiveSuite(project, () => {
    toast("Suite archived");
    void navigate({ to: HOME, params: { project }, search: { tab: "suites" } });
  });
  if (suite.archived_at) return <Badge>archived</Badge>;
  return (
    <>
      {may && (
        <Button variant="quiet" icon="trash" onClick={() => setOpen("archive")}>
          Archive
        </Button>
      )}
      {mayRun && (
        <Button icon="play" onClick={() => setOpen("run")}>
          Evaluate
        </Button>
      )}
      {open === "run" && (
        <RunDialog
          project={project}
          suite={suite.slug}
          onClose={() => setOpen(null)}
          onStarted={(made) => void navigate(evaluationLink(project, made.number))}
        />
      )}
      <ConfirmDialog
        open={open === "archive"}
        onClose={() => setOpen(null)}
        onConfirm={() => archive.mutate(suite.slug)}
        title={`Archive ${suite.name}?`}
        action="Archive suite"
        danger
        loading={archive.isPending}
        error={archive.error}
      >
        It disappears from the lists; its evaluations stay.
        {suite.required && " Its check will no longer guard merges and deployments."}
      </ConfirmDialog>
    </>
  );
}
