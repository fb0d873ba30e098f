import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useBlocker, useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { toProblem } from "@/api/problem";
import { Playground } from "@/features/playground/Playground";
import { type FileEntry, fileQuery, filesQuery } from "@/features/prompts/files";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Select, TextInput } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { SkeletonText } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import styles from "./Drafts.module.css";
import { type Draft, type Files, useSaveFiles } from "./drafts";
import { FileEditor } from "./FileEditor";
import { FileMenu } from "./FileMenu";
import { StaleDialog } from "./StaleDialog";

interface Props {
  project: string;
  draft: Draft;
}

/** Edits of several files, kept until they are saved together. */
export function EditTab({ project, draft }: Props) {
  const [head, setHead] = useState(draft.head_commit);
  const [edits, setEdits] = useState<Files>({});
  const [message, setMessage] = useState("");
  const files = useQuery({ ...filesQuery(project, head), placeholderData: keepPreviousData });
  const [known, setKnown] = useState<Files>({});
  const save = useSaveFiles(project, draft.number, (saved) => {
    setKnown(edits);
    setEdits({});
    setMessage("");
    setHead(saved.head_commit);
    toast(
      "Saved",
      draft.approvals.length ? { detail: "Approvals are asked for again, for this version." } : {},
    );
  });
  const changed = Object.keys(edits).length;
  const submit = () => {
    if (changed && !save.isPending) save.mutate({ files: edits, expected_head: head, message });
  };
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => changed > 0 && current.pathname !== next.pathname,
    withResolver: true,
  });
  const stale =
    save.isError && toProblem(save.error).code === "stale_save" ? toProblem(save.error) : undefined;
  if (files.isPending) return <SkeletonText lines={8} />;
  if (files.isError) return <ErrorState error={files.error} retry={() => void files.refetch()} />;
  const open = (expected: string) => {
    setKnown({});
    setHead(expected);
    save.reset();
  };
  return (
    <div className={styles.stack}>
      {draft.head_commit !== head && !stale && (
        <NewVersion changed={changed > 0} onTake={() => open(draft.head_commit)} />
      )}
      {save.isError && !stale && <FormError error={save.error} />}
      <Picked
        {...{ project, draft, head, known, edits, setEdits }}
        entries={files.data.items}
        onSubmit={submit}
      >
        <div className={styles.filePick}>
          <TextInput
            aria-label="What did you change?"
            placeholder="What did you change? (optional)"
            maxLength={200}
            value={message}
            onChange={(event) => setMessage(event.target.value)}
          />
        </div>
        <Button variant="primary" disabled={!changed} loading={save.isPending} onClick={submit}>
          {changed ? `Save ${plural(changed, "file")}` : "Nothing to save"}
        </Button>
        {changed > 0 && <Button onClick={() => setEdits({})}>Discard</Button>}
      </Picked>
      {stale && (
        <StaleDialog
          problem={stale}
          project={project}
          head={head}
          edits={edits}
          onClose={() => save.reset()}
          onKeep={(now) => {
            setHead(now);
            save.mutate({ files: edits, expected_head: now, message });
          }}
          onTake={(now) => {
            setEdits({});
            open(now);
          }}
        />
      )}
      <ConfirmDialog
        open={leaving.status === "blocked"}
        onClose={() => leaving.reset?.()}
        onConfirm={() => leaving.proceed?.()}
        title="Leave without saving?"
        action="Leave without saving"
        danger
      >
        <p>{plural(changed, "file")} changed here would be lost.</p>
      </ConfirmDialog>
    </div>
  );
}

function NewVersion({ changed, onTake }: { changed: boolean; onTake: () => void }) {
  return (
    <p className={styles.banner}>
      <Icon name="info" /> Somebody saved a newer version.
      {changed ? (
        " When you save, you will see what they changed."
      ) : (
        <Button size="small" onClick={onTake}>
          Load it
        </Button>
      )}
    </p>
  );
}

interface PickedProps extends Props {
  head: string;
  entries: FileEntry[];
  /** What was saved last from here, shown until it is loaded again. */
  known: Files;
  edits: Files;
  setEdits: (edits: Files) => void;
  onSubmit: () => void;
  /** Beside the choice of the file: what saves. */
  children: ReactNode;
}

function Picked({ project, draft, head, entries, known, edits, setEdits, onSubmit, children }: PickedProps) {
  const search = useSearch({ strict: false }) as { file?: string };
  const navigate = useNavigate();
  const paths = editable(entries, edits);
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
  const set = (changes: Files) => setEdits(without(edits, changes));
  return (
    <>
      <div className={styles.bar}>
        <div className={styles.filePick}>
          <Select
            aria-label="File"
            options={paths.map((one) => ({ value: one, label: label(one, edits) }))}
            value={path ?? ""}
            onChange={(event) => pick(event.target.value)}
          />
        </div>
        <FileMenu {...{ project, head, path, paths, edits }} onEdit={set} onPick={pick} />
        {children}
      </div>
      {path === undefined ? (
        <Empty icon="file" title="No file is left in this draft" />
      ) : edits[path] === null ? (
        <Deleted path={path} onUndo={() => setEdits(dropped(edits, path))} />
      ) : (
        <Loaded
          key={path}
          known={known[path] ?? null}
          {...{ project, head, path, onSubmit }}
          branch={draft.branch}
          edited={edits[path]}
          isNew={!entries.some((entry) => entry.path === path)}
          onEdit={(text, original) =>
            setEdits(text === original ? dropped(edits, path) : { ...edits, [path]: text })
          }
        />
      )}
    </>
  );
}

function Deleted({ path, onUndo }: { path: string; onUndo: () => void }) {
  return (
    <Empty
      icon="trash"
      title={`${path} is deleted when you save`}
      action={<Button onClick={onUndo}>Keep it</Button>}
    />
  );
}

interface LoadedProps {
  project: string;
  head: string;
  path: string;
  branch: string;
  known: string | null;
  edited: string | undefined;
  isNew: boolean;
  onEdit: (text: string, original: string | null) => void;
  onSubmit: () => void;
}

function Loaded({ project, head, path, branch, known, edited, isNew, onEdit, onSubmit }: LoadedProps) {
  const file = useQuery({ ...fileQuery(project, head, path), enabled: !isNew });
  if (!isNew && file.isPending && known === null) return <SkeletonText lines={10} />;
  if (file.isError) return <ErrorState error={file.error} retry={() => void file.refetch()} />;
  const original = file.data?.text ?? known;
  const text = edited ?? original ?? "";
  return (
    <>
      <FileEditor
        project={project}
        path={path}
        refName={branch}
        text={text}
        onChange={(typed) => onEdit(typed, original)}
        onSubmit={onSubmit}
      />
      {path.endsWith(".prompt") && <Playground project={project} path={path} refName={branch} text={text} />}
    </>
  );
}

function editable(entries: FileEntry[], edits: Files): string[] {
  const known = entries.filter((entry) => !entry.lfs).map((entry) => entry.path);
  return [...new Set([...known, ...Object.keys(edits)])].sort();
}

function label(path: string, edits: Files): string {
  if (!(path in edits)) return path;
  return edits[path] === null ? `${path} (deleted)` : `${path} (changed)`;
}

function without(edits: Files, changes: Files): Files {
  return { ...edits, ...changes };
}

function dropped(edits: Files, path: string): Files {
  const { [path]: _, ...rest } = edits;
  return rest;
}
