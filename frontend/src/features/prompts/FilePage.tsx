import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCan } from "@/api/session";
import { AdapterView } from "@/features/adapters/AdapterView";
import { draftsQuery } from "@/features/drafts/drafts";
import { Playground } from "@/features/playground/Playground";
import { cx } from "@/lib/cx";
import { plural } from "@/lib/format";
import { useShortcut } from "@/lib/shortcuts";
import { Badge } from "@/ui/Badge";
import { ButtonLink } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { Id } from "@/ui/Id";
import { Page } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { SkeletonPage } from "@/ui/Skeleton";
import { Tabs } from "@/ui/Tabs";
import { Time } from "@/ui/Time";
import { Authorship } from "./Authorship";
import { type FileContent, fileLink, fileQuery, KINDS, MAIN, type PromptOverview } from "./files";
import { History } from "./History";
import { ConfigView } from "./OtherViews";
import styles from "./Prompt.module.css";
import { PromptView, Source } from "./PromptView";

export default function FilePage() {
  const { project = "", _splat: path = "" } = useParams({ strict: false });
  const { ref = MAIN } = useSearch({ strict: false }) as { ref?: string };
  const file = useQuery(fileQuery(project, ref, path));
  if (file.isPending) return <SkeletonPage />;
  if (file.isError) return <PageError error={file.error} retry={() => void file.refetch()} />;
  return <Shown project={project} file={file.data} />;
}

function Shown({ project, file }: { project: string; file: FileContent }) {
  const { tab = "content" } = useSearch({ strict: false }) as { tab?: string };
  const navigate = useNavigate();
  const here = fileLink(project, file.path, file.ref);
  const show = (next: string) =>
    void navigate({
      ...here,
      search: { ...here.search, ...(next === "content" ? {} : { tab: next }) },
      replace: true,
    });
  const description = (file.overview as Partial<PromptOverview> | null)?.description;
  return (
    <Page
      title={file.name}
      documentTitle={file.path}
      badge={<Badge>{KINDS[file.kind].one}</Badge>}
      breadcrumb={[{ label: "Prompts & files", to: "/p/$project/files", params: { project } }]}
      description={
        <>
          <span className={styles.path}>{file.path}</span>
          {description && <div>{description}</div>}
          {file.ref === MAIN && <Changed project={project} file={file} />}
        </>
      }
      actions={<Actions project={project} file={file} />}
    >
      <OldVersion project={project} file={file} />
      <OpenDrafts project={project} path={file.path} />
      <Problems file={file} />
      <Tabs
        label="File"
        value={tab}
        onChange={show}
        tabs={[
          {
            value: "content",
            label: KINDS[file.kind].one,
            content: <Content project={project} file={file} />,
          },
          ...(file.kind === "prompt"
            ? [
                {
                  value: "try",
                  label: "Try it",
                  content: <Playground project={project} path={file.path} refName={file.ref} />,
                },
              ]
            : []),
          ...(file.text === null
            ? []
            : [
                {
                  value: "authors",
                  label: "Who wrote it",
                  content: <Authorship project={project} file={file} />,
                },
              ]),
          {
            value: "history",
            label: "History",
            content: <History project={project} path={file.path} refName={file.ref} />,
          },
        ]}
      />
    </Page>
  );
}

function Content({ project, file }: { project: string; file: FileContent }) {
  if (file.kind === "prompt") return <PromptView project={project} file={file} />;
  if (file.kind === "config") return <ConfigView project={project} file={file} />;
  if (file.kind === "adapter") return <AdapterView project={project} file={file} />;
  return <Source file={file} />;
}

function Actions({ project, file }: { project: string; file: FileContent }) {
  const navigate = useNavigate();
  const may = useCan(project, "editor") && file.text !== null && !file.path.endsWith(".safetensors");
  const suggest = { to: "/p/$project/suggest", params: { project }, search: { path: file.path } };
  useShortcut("e", () => void navigate(suggest), { label: "Suggest a change", enabled: may });
  return (
    <>
      <ButtonLink
        icon="switch"
        to="/p/$project/compare"
        params={{ project }}
        search={{ path: file.path, ...(file.ref === MAIN ? {} : { base: file.ref }) }}
      >
        Compare
      </ButtonLink>
      {may && (
        <ButtonLink variant="primary" icon="edit" {...suggest}>
          Suggest a change
        </ButtonLink>
      )}
    </>
  );
}

function OldVersion({ project, file }: { project: string; file: FileContent }) {
  if (file.ref === MAIN) return null;
  return (
    <p className={cx(styles.notice, styles.warn)}>
      <Icon name="history" /> You are looking at version <Id value={file.commit} label="commit" />
      {file.changed && <Time at={file.changed.at} />}
      <Link {...fileLink(project, file.path)}>Go to the latest version</Link>
    </p>
  );
}

function Changed({ project, file }: { project: string; file: FileContent }) {
  const change = file.changed;
  if (!change) return null;
  return (
    <div className={styles.changed}>
      Last changed <Time at={change.at} /> by {change.author_name}:{" "}
      <Link to="/p/$project/commits/$sha" params={{ project, sha: change.sha }}>
        {change.subject}
      </Link>
    </div>
  );
}

function OpenDrafts({ project, path }: { project: string; path: string }) {
  const drafts = useQuery(draftsQuery(project, { state: "open", path })).data?.items ?? [];
  if (drafts.length === 0) return null;
  return (
    <p className={styles.notice}>
      <Icon name="draft" /> {plural(drafts.length, "open draft")} {drafts.length === 1 ? "changes" : "change"}{" "}
      this file:
      {drafts.map((draft) => (
        <Link
          key={draft.number}
          to="/p/$project/drafts/$number"
          params={{ project, number: String(draft.number) }}
        >{`#${draft.number} ${draft.title}`}</Link>
      ))}
    </p>
  );
}

function Problems({ file }: { file: FileContent }) {
  if (file.problems.length === 0) return null;
  return (
    <ul className={cx(styles.notice, styles.warn)}>
      {file.problems.map((problem) => (
        <li key={problem.path + problem.line + problem.column + problem.code}>
          <Icon name="warn" size={14} /> Line {problem.line}: {problem.message}
        </li>
      ))}
    </ul>
  );
}
