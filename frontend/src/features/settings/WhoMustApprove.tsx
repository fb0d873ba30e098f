import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { filesQuery, MAIN } from "@/features/prompts/files";
import { plural } from "@/lib/format";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { Field, Select } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import { type Owners, ownersQuery } from "./approvals";
import styles from "./Settings.module.css";

/** "Who must approve a change of this file?", answered before anybody changes it. */
export function WhoMustApprove({ project }: { project: string }) {
  const { path = "" } = useSearch({ strict: false }) as { path?: string };
  const navigate = useNavigate();
  const files = useQuery(filesQuery(project, MAIN)).data?.items ?? [];
  const answer = useQuery({ ...ownersQuery(project, path), enabled: path !== "" });
  return (
    <Card title="Who must approve a change?">
      <Field label="File">
        <Select
          value={path}
          placeholder="Choose a file"
          options={files.map((file) => ({ value: file.path, label: file.path }))}
          onChange={(event) =>
            void navigate({
              to: ".",
              search: event.target.value ? { path: event.target.value } : {},
              replace: true,
              resetScroll: false,
            })
          }
        />
      </Field>
      <div aria-live="polite">
        {path && answer.isPending && <SkeletonText lines={2} />}
        {path && answer.isError && <ErrorState error={answer.error} retry={() => void answer.refetch()} />}
        {path && answer.data && <Answer answer={answer.data} />}
      </div>
    </Card>
  );
}

function Answer({ answer }: { answer: Owners }) {
  const needs = answer.needs.filter((need) => need.count > 0);
  return (
    <ul className={styles.needs}>
      {needs.length === 0 && <li>Nobody has to approve it.</li>}
      {needs.map((need) => (
        <li key={need.kind + need.asked_by}>
          <strong>{plural(need.count, "approval")}</strong> from {orList(need.people)}
          {need.asked_by && <span className={styles.data}> ({need.asked_by})</span>}
        </li>
      ))}
      {answer.checks.map((name) => (
        <li key={name}>
          the check <strong>{name}</strong> must pass
        </li>
      ))}
    </ul>
  );
}

function orList(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? "nobody here";
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
