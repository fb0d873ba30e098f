import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCan } from "@/api/session";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Icon } from "@/ui/Icon";
import { SkeletonRows } from "@/ui/Skeleton";
import { Table } from "@/ui/Table";
import { ownersQuery } from "./approvals";
import styles from "./Settings.module.css";

/** The OWNERS file of the latest version: its lines, what is wrong with it, and the way to change it. */
export function OwnersCard({ project }: { project: string }) {
  const owners = useQuery(ownersQuery(project, ""));
  const navigate = useNavigate();
  const editor = useCan(project, "editor");
  const { rules = [], problems = [] } = owners.data ?? {};
  const there = rules.length + problems.length > 0;
  const search = there ? { path: "OWNERS" } : { template: "owners" };
  const change = (
    <Button
      size="small"
      icon={there ? "edit" : "plus"}
      onClick={() => void navigate({ to: "/p/$project/suggest", params: { project }, search })}
    >
      {there ? "Suggest a change" : "Write the OWNERS file"}
    </Button>
  );
  return (
    <Card title="Owners of files" padding="none" actions={editor && owners.isSuccess && change}>
      {owners.isPending && <SkeletonRows columns={2} rows={2} />}
      {owners.isError && <ErrorState error={owners.error} retry={() => void owners.refetch()} />}
      {owners.isSuccess && !there && (
        <Empty icon="person" title="No file has an owner yet">
          A file called OWNERS says who must agree to a change of what. The last line that fits a file counts.
        </Empty>
      )}
      {problems.length > 0 && (
        <ul className={styles.faults}>
          {problems.map((problem) => (
            <li key={`${problem.line}${problem.message}`}>
              <Icon name="warn" size={14} /> Line {problem.line}: {problem.message}
            </li>
          ))}
        </ul>
      )}
      {rules.length > 0 && (
        <Table
          label="Owners of files"
          listKeys={false}
          rows={rules}
          rowKey={(rule) => String(rule.line)}
          columns={[
            { key: "pattern", header: "Files", primary: true, cell: (rule) => <code>{rule.pattern}</code> },
            {
              key: "owners",
              header: "Owners",
              cell: (rule) => rule.owners.map((name) => `@${name}`).join(", ") || "nobody",
            },
            { key: "line", header: "Line", align: "right", width: "64px", cell: (rule) => rule.line },
          ]}
        />
      )}
    </Card>
  );
}
