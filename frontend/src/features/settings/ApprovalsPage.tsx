import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { projectQuery, useCan } from "@/api/session";
import { plural } from "@/lib/format";
import { Button, IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Dialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonRows } from "@/ui/Skeleton";
import { Table } from "@/ui/Table";
import { toastProblem } from "@/ui/Toast";
import { type ApprovalRule, checksQuery, rulesQuery, useDropCheck, useDropRule, whose } from "./approvals";
import { CheckForm } from "./CheckForm";
import { OwnersCard } from "./OwnersCard";
import { RuleForm } from "./RuleForm";
import styles from "./Settings.module.css";
import { SettingsFrame } from "./SettingsFrame";
import { WhoMustApprove } from "./WhoMustApprove";

/** Whose approval and which checks a draft needs before it can be merged. */
export default function ApprovalsPage() {
  const { project = "" } = useParams({ strict: false });
  const count = useQuery(projectQuery(project)).data?.required_approvals;
  const owner = useCan(project, "owner");
  return (
    <SettingsFrame
      title="Approvals"
      description={
        <>
          Every draft needs {count === undefined ? "…" : plural(count, "approval")} of a maintainer or an
          owner who did not write in it (
          <Link to="/p/$project/settings" params={{ project }} style={{ textDecoration: "underline" }}>
            General
          </Link>
          ). Some files may need more. What going live needs stands under{" "}
          <Link
            to="/p/$project/settings/environments"
            params={{ project }}
            style={{ textDecoration: "underline" }}
          >
            Environments
          </Link>
          .
        </>
      }
    >
      <WhoMustApprove project={project} />
      <Rules project={project} owner={owner} />
      <OwnersCard project={project} />
      <Checks project={project} owner={owner} />
    </SettingsFrame>
  );
}

function Rules({ project, owner }: { project: string; owner: boolean }) {
  const rules = useQuery(rulesQuery(project));
  const drop = useDropRule(project);
  const [edited, setEdited] = useState<ApprovalRule | "new">();
  const add = (
    <Button size="small" icon="plus" onClick={() => setEdited("new")}>
      Add a rule
    </Button>
  );
  return (
    <Card title="More approvals for some files" padding="none" actions={owner && add}>
      {rules.isPending && <SkeletonRows columns={3} rows={2} />}
      {rules.isError && <ErrorState error={rules.error} retry={() => void rules.refetch()} />}
      {rules.data?.length === 0 && (
        <Empty icon="check" title="No rule yet">
          A rule asks for approvals of certain people where certain files change, such as two for
          prompts/legal/.
        </Empty>
      )}
      {rules.data && rules.data.length > 0 && (
        <Table
          label="Rules for approvals"
          rows={rules.data}
          rowKey={(rule) => String(rule.id)}
          columns={[
            { key: "pattern", header: "Files", primary: true, cell: (rule) => <code>{rule.pattern}</code> },
            {
              key: "count",
              header: "Approvals",
              width: "110px",
              cell: (rule) => plural(rule.count ?? 1, "approval"),
            },
            { key: "who", header: "From", cell: whose },
            ...(owner
              ? [
                  {
                    key: "act",
                    header: "Change",
                    hideHeader: true,
                    width: "96px",
                    cell: (rule: ApprovalRule) => (
                      <span className={styles.acts}>
                        <IconButton
                          icon="edit"
                          size="small"
                          label={`Change the rule for ${rule.pattern}`}
                          onClick={() => setEdited(rule)}
                        />
                        <IconButton
                          icon="trash"
                          size="small"
                          label={`Remove the rule for ${rule.pattern}`}
                          onClick={() => drop.mutate(rule.id, { onError: toastProblem })}
                        />
                      </span>
                    ),
                  },
                ]
              : []),
          ]}
        />
      )}
      <Dialog
        open={edited !== undefined}
        onClose={() => setEdited(undefined)}
        title={edited === "new" ? "More approvals for some files" : "Change the rule"}
      >
        {edited && (
          <RuleForm
            project={project}
            rule={edited === "new" ? undefined : edited}
            onDone={() => setEdited(undefined)}
          />
        )}
      </Dialog>
    </Card>
  );
}

function Checks({ project, owner }: { project: string; owner: boolean }) {
  const checks = useQuery(checksQuery(project));
  const drop = useDropCheck(project);
  const [adding, setAdding] = useState(false);
  const add = (
    <Button size="small" icon="plus" onClick={() => setAdding(true)}>
      Require a check
    </Button>
  );
  return (
    <Card title="Checks that must pass" padding="none" actions={owner && add}>
      {checks.isPending && <SkeletonRows columns={2} rows={2} />}
      {checks.isError && <ErrorState error={checks.error} retry={() => void checks.refetch()} />}
      {checks.data?.length === 0 && (
        <Empty icon="evaluation" title="No check is required">
          A check is the verdict of a suite on a version. A required one must pass before a merge.
        </Empty>
      )}
      {checks.data && checks.data.length > 0 && (
        <Table
          label="Required checks"
          listKeys={false}
          rows={checks.data}
          rowKey={(check) => String(check.id)}
          columns={[
            { key: "name", header: "Check", primary: true, cell: (check) => check.name },
            {
              key: "path",
              header: "When these change",
              cell: (check) => check.path?.split("\n").join(", ") || "any file",
            },
            ...(owner
              ? [
                  {
                    key: "act",
                    header: "Remove",
                    hideHeader: true,
                    width: "56px",
                    cell: (check: { id: number; name: string }) => (
                      <IconButton
                        icon="trash"
                        size="small"
                        label={`Require ${check.name} no longer`}
                        onClick={() => drop.mutate(check.id, { onError: toastProblem })}
                      />
                    ),
                  },
                ]
              : []),
          ]}
        />
      )}
      <Dialog open={adding} onClose={() => setAdding(false)} title="Require a check">
        <CheckForm project={project} onDone={() => setAdding(false)} />
      </Dialog>
    </Card>
  );
}
