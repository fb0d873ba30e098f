import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Field, Select } from "@/ui/Field";
import { Page } from "@/ui/Page";
import { SkeletonText } from "@/ui/Skeleton";
import { FileDiffs } from "./FileDiffs";
import { compareQuery, MAIN } from "./files";
import styles from "./Prompt.module.css";
import { useVersions } from "./versions";

interface Search {
  base?: string;
  head?: string;
  path?: string;
}

/** Any two versions side by side; of one file when `path` is in the address. */
export default function ComparePage() {
  const { project = "" } = useParams({ strict: false });
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const { options, commits, refOf } = useVersions(project, search.path, [search.base, search.head]);
  const before = search.path ? commits?.[1]?.sha : commits?.[0]?.parents[0];
  const base = search.base ?? before ?? commits?.[0]?.sha;
  const head = search.head ?? MAIN;
  const refs = { base: refOf(base), head: refOf(head) };
  const choose = (next: Search) =>
    void navigate({
      to: "/p/$project/compare",
      params: { project },
      search: { ...search, ...next },
      replace: true,
    });
  return (
    <Page
      title="Compare"
      width="full"
      description={<Subject project={project} search={search} />}
      breadcrumb={[{ label: "Prompts & files", to: "/p/$project/files", params: { project } }]}
    >
      <div className={styles.compareBar}>
        <Field label="From">
          <Select
            options={options}
            value={base ?? ""}
            onChange={(event) => choose({ base: event.target.value })}
          />
        </Field>
        <Button icon="switch" disabled={!base} onClick={() => base && choose({ base: head, head: base })}>
          Swap
        </Button>
        <Field label="To">
          <Select options={options} value={head} onChange={(event) => choose({ head: event.target.value })} />
        </Field>
      </div>
      {refs.base && refs.head && (
        <Comparison project={project} base={refs.base} head={refs.head} path={search.path} />
      )}
    </Page>
  );
}

/** What is compared: everything, or one file. */
function Subject({ project, search }: { project: string; search: Search }) {
  if (!search.path) return "Two versions of everything: what is live, drafts, tags and every change.";
  const { path: _, ...others } = search;
  return (
    <>
      <span className={styles.path}>{search.path}</span>{" "}
      <Link className={styles.underlined} to="/p/$project/compare" params={{ project }} search={others}>
        Compare all files
      </Link>
    </>
  );
}

interface ComparisonProps {
  project: string;
  base: string;
  head: string;
  path?: string | undefined;
}

function Comparison({ project, base, head, path }: ComparisonProps) {
  const compared = useQuery(compareQuery(project, base, head));
  if (compared.isPending) {
    return (
      <Card>
        <SkeletonText lines={8} />
      </Card>
    );
  }
  if (compared.isError) return <ErrorState error={compared.error} retry={() => void compared.refetch()} />;
  const { base: from, head: to } = compared.data;
  const files = compared.data.files.filter((file) => !path || file.path === path || file.old_path === path);
  if (files.length === 0) return <Empty icon="check" title="These two versions are the same" />;
  return (
    <FileDiffs key={from.sha + to.sha} project={project} files={files} base={from.sha} refName={to.sha} />
  );
}
