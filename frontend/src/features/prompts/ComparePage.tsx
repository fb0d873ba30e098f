import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Field, Select } from "@/ui/Field";
import { Page } from "@/ui/Page";
import { SkeletonText } from "@/ui/Skeleton";
import { FileDiffs } from "./FileDiffs";
import { type Commit, commitsQuery, compareQuery, MAIN } from "./files";
import styles from "./Prompt.module.css";

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
  const commits = useInfiniteQuery(commitsQuery(project, MAIN, search.path)).data?.pages.flatMap(
    (page) => page.items,
  );
  const base = search.base ?? commits?.[1]?.sha ?? commits?.[0]?.sha;
  const head = search.head ?? MAIN;
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
      description={
        search.path ? <span className={styles.path}>{search.path}</span> : "Two versions of everything."
      }
      breadcrumb={[{ label: "Prompts & files", to: "/p/$project/files", params: { project } }]}
    >
      <div className={styles.compareBar}>
        <Field label="From">
          <Select
            options={options(commits ?? [], base)}
            value={base ?? ""}
            onChange={(event) => choose({ base: event.target.value })}
          />
        </Field>
        <Field label="To">
          <Select
            options={options(commits ?? [], head)}
            value={head}
            onChange={(event) => choose({ head: event.target.value })}
          />
        </Field>
      </div>
      {base && <Comparison project={project} base={base} head={head} path={search.path} />}
    </Page>
  );
}

/** The latest version, the file's commits, and what the address names if it is neither. */
function options(commits: Commit[], chosen: string | undefined) {
  const known = [
    { value: MAIN, label: "The latest version" },
    ...commits.map((commit) => ({
      value: commit.sha,
      label: `${commit.subject} (${commit.author_name}, ${commit.at.slice(0, 10)})`,
    })),
  ];
  const missing = chosen && !known.some((option) => option.value === chosen);
  return missing ? [...known, { value: chosen, label: chosen.slice(0, 12) }] : known;
}

function Comparison({
  project,
  base,
  head,
  path,
}: {
  project: string;
  base: string;
  head: string;
  path?: string | undefined;
}) {
  const compared = useQuery(compareQuery(project, base, head));
  if (compared.isPending) {
    return (
      <Card>
        <SkeletonText lines={8} />
      </Card>
    );
  }
  if (compared.isError) return <ErrorState error={compared.error} retry={() => void compared.refetch()} />;
  const files = compared.data.files.filter((file) => !path || file.path === path || file.old_path === path);
  if (files.length === 0) return <Empty icon="check" title="These two versions are the same" />;
  return (
    <FileDiffs
      project={project}
      files={files}
      base={compared.data.base.sha}
      refName={compared.data.head.sha}
    />
  );
}
