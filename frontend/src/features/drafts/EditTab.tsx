import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Playground } from "@/features/playground/Playground";
import { type FileEntry, fileQuery, filesQuery } from "@/features/prompts/files";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CodeView } from "@/ui/CodeView";
import { Empty } from "@/ui/Empty";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Select } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { SkeletonText } from "@/ui/Skeleton";
import { languageOf } from "@/ui/syntax";
import { toastProblem } from "@/ui/Toast";
import styles from "./Drafts.module.css";
import type { Draft } from "./drafts";
import { FileEditor } from "./FileEditor";
import { FileMenu } from "./FileMenu";
import { Kept } from "./together/Kept";
import { SaveBar, useSaving } from "./together/Saving";
import { textsQuery, told, type UnsavedText, useTextCalls } from "./together/texts";
import { type OpenText, useSharedText } from "./together/useSharedText";

interface Props {
  project: string;
  draft: Draft;
}

/** The draft's files, edited by all who are here at once; a save makes one version of everybody's words. */
export function EditTab({ project, draft }: Props) {
  const files = useQuery({ ...filesQuery(project, draft.head_commit), placeholderData: keepPreviousData });
  const unsaved = useQuery(textsQuery(project, draft.number));
  if (files.isPending || unsaved.isPending) return <SkeletonText lines={8} />;
  if (files.isError) return <ErrorState error={files.error} retry={() => void files.refetch()} />;
  if (unsaved.isError) return <ErrorState error={unsaved.error} retry={() => void unsaved.refetch()} />;
  return <Editing {...{ project, draft }} entries={files.data.items} unsaved={unsaved.data} />;
}

interface EditingProps extends Props {
  entries: FileEntry[];
  unsaved: UnsavedText[];
}

function Editing({ project, draft, entries, unsaved }: EditingProps) {
  const paths = editable(entries, unsaved);
  const [path, pick] = usePicked(draft, paths);
  const item = unsaved.find((one) => one.path === path);
  const may = draft.may.save;
  const watched = may ? undefined : item?.id;
  const opened = item?.deleted || (!may && watched === undefined) ? undefined : path;
  const open = useSharedText(project, draft.number, opened, watched);
  const saving = useSaving(project, draft, open, unsaved);
  return (
    <div className={styles.stack}>
      <div className={styles.bar}>
        <div className={styles.filePick}>
          <Select
            aria-label="File"
            options={paths.map((one) => ({ value: one, label: label(one, unsaved) }))}
            value={path ?? ""}
            onChange={(event) => pick(event.target.value)}
          />
        </div>
        {may && <FileMenu {...{ project, draft, path, paths, unsaved, open }} onPick={pick} />}
        {may && <SaveBar saving={saving} path={path} />}
        {opened && <Kept status={open.status} watching={!may} />}
      </div>
      <FormError error={saving.error} />
      <UnsavedLine draft={draft} unsaved={unsaved} />
      {path === undefined ? (
        <Empty icon="file" title="No file is left in this draft" />
      ) : item?.deleted ? (
        <Deleted {...{ project, draft, item, may }} />
      ) : opened ? (
        <Shared {...{ project, draft, path, open, may }} onSubmit={saving.save} />
      ) : (
        <Plain {...{ project, draft, path }} />
      )}
      <Leaving open={open} />
    </div>
  );
}

/** The chosen file is in the address. */
function usePicked(draft: Draft, paths: string[]): [string | undefined, (path: string) => void] {
  const search = useSearch({ strict: false }) as { file?: string };
  const navigate = useNavigate();
  const path =
    search.file && paths.includes(search.file)
      ? search.file
      : (draft.paths.find((one) => paths.includes(one)) ?? paths[0]);
  const pick = (file: string) =>
    void navigate({
      to: ".",
      search: (before: Record<string, unknown>) => ({ ...before, file }),
      replace: true,
      resetScroll: false,
    });
  return [path, pick];
}

interface SharedProps extends Props {
  path: string;
  open: OpenText;
  may: boolean;
  onSubmit: () => void;
}

function Shared({ project, draft, path, open, may, onSubmit }: SharedProps) {
  const { shared, text, problem, retry, status } = open;
  if (problem) return <ErrorState error={problem} retry={retry} />;
  if (!shared) return <SkeletonText lines={10} />;
  return (
    <>
      {status.state === "over" && (
        <p className={cx(styles.banner, styles.warn)} role="alert">
          <Icon name="warn" /> <span>{status.why} What you see here is kept on this page only.</span>
          <Button size="small" onClick={retry}>
            Load the newest text
          </Button>
        </p>
      )}
      <FileEditor
        key={shared.doc.clientID}
        project={project}
        path={path}
        refName={draft.branch}
        text={text}
        shared={shared}
        readOnly={!may || status.state === "over"}
        onChange={(wanted) => shared.become(wanted)}
        onSubmit={onSubmit}
      />
      {path.endsWith(".prompt") && (
        <Playground project={project} path={path} refName={draft.branch} text={text} />
      )}
    </>
  );
}

/** A file that nobody edits, for somebody who may not either. */
function Plain({ project, draft, path }: Props & { path: string }) {
  const file = useQuery(fileQuery(project, draft.head_commit, path));
  if (file.isPending) return <SkeletonText lines={10} />;
  if (file.isError) return <ErrorState error={file.error} retry={() => void file.refetch()} />;
  return (
    <Card padding="none">
      <CodeView
        text={file.data.text ?? ""}
        language={languageOf(path)}
        label={`Text of ${path}`}
        lines
        wrap
      />
    </Card>
  );
}

interface DeletedProps extends Props {
  item: UnsavedText;
  may: boolean;
}

function Deleted({ project, draft, item, may }: DeletedProps) {
  const calls = useTextCalls(project, draft.number);
  return (
    <Empty
      icon="trash"
      title={`${item.path} is deleted with the next save`}
      action={
        may && <Button onClick={() => void calls.mark(item.id, false).catch(toastProblem)}>Keep it</Button>
      }
    />
  );
}

/** What is not saved yet, whose it is, and why that matters when the draft is not open any more. */
function UnsavedLine({ draft, unsaved }: { draft: Draft; unsaved: UnsavedText[] }) {
  const list = unsaved.map(told).join("; ");
  if (draft.state === "open") {
    return <p className={styles.quiet}>{list ? `Not saved yet: ${list}.` : "Everything here is saved."}</p>;
  }
  if (!list) return null;
  return (
    <p className={cx(styles.banner, styles.warn)}>
      <Icon name="warn" />
      <span>
        This draft is {draft.state}. Never saved: {list}.
      </span>
    </p>
  );
}

function Leaving({ open }: { open: OpenText }) {
  const unsent = () => Boolean(open.shared?.unsent) && open.status.state !== "over";
  const stillUnsent = async () => {
    if (!unsent()) return false;
    await Promise.race([open.shared?.flush(), new Promise((resolve) => setTimeout(resolve, 1_500))]);
    return unsent();
  };
  return (
    <LeaveGuard losing={stillUnsent} losingNow={unsent} title="Leave without a connection?">
      Your last words could not be sent yet and would be lost.
    </LeaveGuard>
  );
}

function editable(entries: FileEntry[], unsaved: UnsavedText[]): string[] {
  const known = entries.filter((entry) => !entry.lfs).map((entry) => entry.path);
  return [...new Set([...known, ...unsaved.map((item) => item.path)])].sort();
}

function label(path: string, unsaved: UnsavedText[]): string {
  const item = unsaved.find((one) => one.path === path);
  if (!item) return path;
  return item.deleted ? `${path} (deleted)` : `${path} (changed)`;
}
