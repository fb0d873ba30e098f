import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";
import { formatBytes, plural } from "@/lib/format";
import { usePhone } from "@/lib/useMedia";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Diff, type Side } from "@/ui/Diff";
import { ErrorState } from "@/ui/ErrorState";
import { Icon } from "@/ui/Icon";
import { Segmented } from "@/ui/Segmented";
import { SkeletonText } from "@/ui/Skeleton";
import { comparisonQuery, type Place } from "./comparison";
import { type DiffView, type Show, useDiffView, useFileKeys } from "./diffView";
import { FileLink } from "./FileLink";
import { type FileDiff, KINDS } from "./files";
import { LazyCard } from "./LazyCard";
import styles from "./Prompt.module.css";
import { RenderedDiff } from "./RenderedDiff";

/** As many files are on the page from the start; the others come when one scrolls near. */
const EAGER = 4;
const INDEX_FROM = 5;

/** Two versions: a commit that is compared with nothing has no base. */
interface Versions {
  project: string;
  base: string | null;
  head: string;
}

interface FileDiffsProps {
  project: string;
  files: FileDiff[];
  base: string | null;
  /** The version that has the new texts: where "Open" leads. */
  refName: string;
}

/** Changed files below each other, for a commit or a comparison. */
export function FileDiffs({ project, files, base, refName }: FileDiffsProps) {
  return (
    <FileList
      files={files}
      card={(file, view) => (
        <FileDiffCard
          versions={{ project, base, head: refName }}
          file={file}
          view={view}
          actions={
            file.status !== "deleted" && (
              <span className={styles.end}>
                <FileLink project={project} path={file.path} ref_={refName}>
                  Open
                </FileLink>
              </span>
            )
          }
        />
      )}
    />
  );
}

interface FileListProps {
  files: FileDiff[];
  card: (file: FileDiff, view: DiffView) => ReactNode;
}

/** The switch, a list of the files when there are many, and the files; j and k walk through them. */
export function FileList({ files, card }: FileListProps) {
  const [view, setView] = useListView(files);
  const list = useRef<HTMLDivElement>(null);
  useFileKeys(list);
  return (
    <div className={styles.files} ref={list}>
      <ViewSwitch view={view} onChange={setView} />
      {files.length >= INDEX_FROM && <FileIndex files={files} />}
      {files.map((file, index) => (
        <LazyCard
          key={file.path}
          name={file.path}
          height={Math.min(900, 140 + 22 * (file.added + file.removed))}
          eager={index < EAGER || isAimedAt(file.path)}
        >
          {card(file, view)}
        </LazyCard>
      ))}
    </div>
  );
}

/** The view of all files; one file that the address leads to a line of is shown by its lines until one switches. */
function useListView(files: FileDiff[]): ReturnType<typeof useDiffView> {
  const [view, setView] = useDiffView();
  const alone = files.length === 1;
  const [aimed, setAimed] = useState(alone && files.some((file) => isLineAimedAt(file.path)));
  const set = (change: Partial<DiffView>) => {
    setAimed(false);
    setView({ ...(aimed ? { show: "source" } : {}), ...change });
  };
  return [{ ...view, alone, ...(aimed ? { show: "source" } : {}) }, set];
}

/** Whether the address leads to this file or to a line of it. */
function isAimedAt(path: string): boolean {
  const aim = decodeURIComponent(window.location.hash.slice(1));
  return aim === `file-${path}` || aim.startsWith(`${path}:`);
}

function FileIndex({ files }: { files: FileDiff[] }) {
  const go = (path: string) => {
    const target = document.getElementById(`file-${path}`);
    target?.scrollIntoView({ block: "start" });
    target?.focus({ preventScroll: true });
  };
  return (
    <details className={styles.index}>
      <summary>{plural(files.length, "changed file")}</summary>
      <ul>
        {files.map((file) => (
          <li key={file.path}>
            <button type="button" onClick={() => go(file.path)}>
              {file.path}
            </button>
            {file.status !== "modified" && <span className={styles.folder}>{file.status}</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}

export function ViewSwitch({
  view,
  onChange,
}: {
  view: DiffView;
  onChange: (change: Partial<DiffView>) => void;
}) {
  const phone = usePhone();
  const { show, layout } = view;
  return (
    <div className={styles.bar}>
      <ShowSwitch
        show={show}
        onChange={(next) => onChange({ show: next })}
        label={view.alone ? "Show the change" : "Show all files"}
      />
      {show === "source" && !phone && (
        <Button
          size="small"
          icon="switch"
          onClick={() => onChange({ layout: layout === "split" ? "unified" : "split" })}
        >
          {layout === "split" ? "Show in one column" : "Show side by side"}
        </Button>
      )}
    </div>
  );
}

interface ShowSwitchProps {
  show: Show;
  onChange: (show: Show) => void;
  label: string;
}

const SHOWS = [
  { value: "rendered", label: "Rendered" },
  { value: "source", label: "Source" },
] as const;

function ShowSwitch({ show, onChange, label }: ShowSwitchProps) {
  return <Segmented label={label} value={show} options={SHOWS} onChange={onChange} />;
}

interface FileDiffCardProps {
  versions: Versions;
  file: FileDiff;
  view: DiffView;
  actions?: ReactNode;
  /** Below the change. */
  footer?: ReactNode;
  between?: (side: Side, line: number) => ReactNode;
  /** The lines that `between` has something for. */
  places?: Place[];
  onComment?: ((side: Side, line: number) => void) | undefined;
}

/** One changed file: what happened to it, as people read it or line by line. */
export function FileDiffCard({ versions, file, view, actions, footer, ...talk }: FileDiffCardProps) {
  const [open, setOpen] = useState(true);
  const [own, setOwn] = useState<Show | null>(isLineAimedAt(file.path) ? "source" : null);
  const [shared, setShared] = useState(view.show);
  if (shared !== view.show) {
    setShared(view.show); // the switch for all files overrules what was chosen for one
    setOwn(null);
  }
  const show = view.alone ? view.show : (own ?? view.show);
  return (
    <Card
      padding="none"
      title={<FileTitle file={file} />}
      actions={
        <>
          {actions}
          {open && !view.alone && <ShowSwitch show={show} onChange={setOwn} label={`Show ${file.path}`} />}
          <Button
            size="small"
            variant="quiet"
            aria-expanded={open}
            aria-label={`${open ? "Hide" : "Show"} ${file.path}`}
            icon={open ? "down" : "right"}
            onClick={() => setOpen(!open)}
          />
        </>
      }
    >
      {open && show === "rendered" && <Rendered versions={versions} file={file} {...talk} />}
      {open && show === "source" && <Lines file={file} layout={view.layout} {...talk} />}
      {open && footer}
    </Card>
  );
}

function isLineAimedAt(path: string): boolean {
  return decodeURIComponent(window.location.hash.slice(1)).startsWith(`${path}:`);
}

function FileTitle({ file }: { file: FileDiff }) {
  return (
    <span className={styles.fileTitle}>
      <Icon name={KINDS[file.kind].icon} />
      <span className={styles.path}>
        {file.status === "renamed" && `${file.old_path} → `}
        {file.path}
      </span>
      {file.status !== "modified" && <Badge>{file.status}</Badge>}
      <span className={styles.stat}>
        <span className={styles.added}>+{file.added}</span>{" "}
        <span className={styles.removed}>−{file.removed}</span>
      </span>
    </span>
  );
}

type Talk = Pick<FileDiffCardProps, "between" | "places" | "onComment">;

/** The comparison, which came with the list or, for one of many files, is asked for now. */
function Rendered({ versions, file, ...talk }: { versions: Versions; file: FileDiff } & Talk) {
  const { project, base, head } = versions;
  const asked = useQuery({
    ...comparisonQuery(project, base, head, file.path),
    enabled: !file.comparison,
  });
  const comparison = file.comparison ?? asked.data?.comparison;
  if (comparison) return <RenderedDiff comparison={comparison} {...talk} />;
  if (asked.isError) return <ErrorState error={asked.error} retry={() => void asked.refetch()} />;
  return (
    <div className={styles.words}>
      <SkeletonText lines={5} />
    </div>
  );
}

function Lines({
  file,
  layout,
  places = [],
  ...diff
}: { file: FileDiff; layout: DiffView["layout"] } & Talk) {
  const large = largeFile(file);
  if (large) return <p className={styles.words}>{large}</p>;
  const old = file.old_text ?? null;
  const next = file.new_text ?? null;
  if (file.binary || (old === null && next === null)) {
    return <p className={styles.words}>The content is not text or too long to be shown here.</p>;
  }
  if (file.status === "renamed" && old === next)
    return <p className={styles.words}>Renamed; the text is the same.</p>;
  const keep = (side: Side, line: number) =>
    places.some((place) => place.side === side && place.line === line);
  return <Diff path={file.path} old={old} new={next} mode={layout} keep={keep} {...diff} />;
}

/** Words for weights, whose text in Git is only a pointer. */
function largeFile(file: FileDiff): string | null {
  const before = pointerSize(file.old_text);
  const after = pointerSize(file.new_text);
  if (before === null && after === null) return null;
  if (before === null) return `A large file of ${formatBytes(after ?? 0)}.`;
  if (after === null) return `A large file of ${formatBytes(before)} is removed.`;
  return `A large file of ${formatBytes(after)} takes the place of one of ${formatBytes(before)}.`;
}

export function pointerSize(text: string | null | undefined): number | null {
  const found = /^version https:\/\/git-lfs[^\n]*\n(?:[^\n]*\n)*?size (\d+)\n?$/.exec(text ?? "");
  return found ? Number(found[1]) : null;
}
