import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { DiffView } from "@/features/prompts/diffView";
import { FileDiffCard, FileList } from "@/features/prompts/FileDiffs";
import type { FileDiff } from "@/features/prompts/files";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import type { Side } from "@/ui/Diff";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonText } from "@/ui/Skeleton";
import styles from "./Drafts.module.css";
import { commentsQuery, type Draft, draftDiffQuery, draftLink, type Thread, threadsOf } from "./drafts";
import { LineForm } from "./LineForm";
import { TakeAllUp } from "./Suggestion";
import { ThreadView } from "./ThreadView";

interface Props {
  project: string;
  draft: Draft;
}

interface Place {
  path: string;
  side: Side;
  line: number;
}

/** The difference, with what people say beside its lines. */
export function ChangesTab({ project, draft }: Props) {
  const diff = useQuery(draftDiffQuery(project, draft));
  const comments = useQuery(commentsQuery(project, draft.number)).data ?? [];
  const [asked, setAsked] = useState<Place>();
  if (diff.isPending) {
    return (
      <Card>
        <SkeletonText lines={10} />
      </Card>
    );
  }
  if (diff.isError) return <ErrorState error={diff.error} retry={() => void diff.refetch()} />;
  if (diff.data.files.length === 0) return <NothingYet project={project} draft={draft} />;
  const threads = threadsOf(comments).filter((thread) => thread.root.path !== "");
  return (
    <div className={styles.stack}>
      <TakeAllUp project={project} draft={draft} comments={comments} />
      <FileList
        files={diff.data.files}
        card={(file, view) => (
          <DraftFile
            project={project}
            draft={draft}
            file={file}
            view={view}
            threads={threads}
            asked={asked}
            onAsk={setAsked}
          />
        )}
      />
    </div>
  );
}

function NothingYet({ project, draft }: Props) {
  const navigate = useNavigate();
  const edit = (
    <Button
      variant="primary"
      icon="edit"
      onClick={() => void navigate(draftLink(project, draft.number, "edit"))}
    >
      Edit
    </Button>
  );
  return (
    <Empty icon="draft" title="Nothing is changed yet" action={draft.may.save && edit}>
      What this draft changes will stand here, line by line.
    </Empty>
  );
}

interface DraftFileProps extends Props {
  file: FileDiff;
  view: DiffView;
  threads: Thread[];
  asked: Place | undefined;
  onAsk: (place: Place | undefined) => void;
}

function DraftFile({ project, draft, file, view, threads, asked, onAsk }: DraftFileProps) {
  const navigate = useNavigate();
  const here = threads.filter(
    ({ root }) => (root.current?.path ?? root.path) === (root.side === "old" ? file.old_path : file.path),
  );
  const at = (side: Side, line: number) =>
    here.filter(({ root }) => root.side === side && root.current?.line === line);
  const gone = here.filter(({ root }) => root.current === null);
  const isAsked = (side: Side, line: number) =>
    asked?.path === file.path && asked.side === side && asked.line === line;
  const between = (side: Side, line: number) => {
    const found = at(side, line);
    if (found.length === 0 && !isAsked(side, line)) return null;
    return (
      <>
        {found.map((thread) => (
          <ThreadView key={thread.root.id} project={project} draft={draft} thread={thread} />
        ))}
        {isAsked(side, line) && (
          <LineForm
            project={project}
            draft={draft}
            file={file}
            place={{ side, line }}
            onDone={() => onAsk(undefined)}
          />
        )}
      </>
    );
  };
  const places = [
    ...here.flatMap(({ root }) =>
      root.current ? [{ side: root.side as Side, line: root.current.line }] : [],
    ),
    ...(asked?.path === file.path ? [{ side: asked.side, line: asked.line }] : []),
  ].filter((place, index, all) => all.findIndex((one) => same(one, place)) === index);
  const edit = () =>
    void navigate({ ...draftLink(project, draft.number), search: { tab: "edit", file: file.path } });
  return (
    <FileDiffCard
      versions={{ project, base: draft.base_commit, head: draft.head_commit }}
      file={file}
      view={view}
      between={between}
      places={places}
      onComment={draft.may.comment ? (side, line) => onAsk({ path: file.path, side, line }) : undefined}
      actions={
        draft.may.save &&
        file.status !== "deleted" &&
        !file.path.endsWith(".safetensors") && (
          <Button size="small" variant="quiet" icon="edit" onClick={edit}>
            Edit
          </Button>
        )
      }
      footer={gone.length > 0 && <Outdated project={project} draft={draft} threads={gone} />}
    />
  );
}

function same(one: Omit<Place, "path">, other: Omit<Place, "path">): boolean {
  return one.side === other.side && one.line === other.line;
}

function Outdated({ project, draft, threads }: Props & { threads: Thread[] }) {
  return (
    <details className={styles.outdated}>
      <summary>{plural(threads.length, "remark")} on lines that are gone</summary>
      {threads.map((thread) => (
        <ThreadView key={thread.root.id} project={project} draft={draft} thread={thread} />
      ))}
    </details>
  );
}
