import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { formatBytes } from "@/lib/format";
import { usePhone } from "@/lib/useMedia";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Diff, type Side } from "@/ui/Diff";
import { Icon } from "@/ui/Icon";
import { FileLink } from "./FileLink";
import { type FileDiff, KINDS } from "./files";
import styles from "./Prompt.module.css";

export type View = "split" | "unified";

/** How differences are laid out, kept in the address. */
export function useDiffView(): [View, (view: View) => void] {
  const search = useSearch({ strict: false }) as { view?: string };
  const navigate = useNavigate();
  const set = (view: View) =>
    void navigate({
      to: ".",
      search: (before: Record<string, unknown>) => ({ ...before, view: view === "split" ? undefined : view }),
      replace: true,
      resetScroll: false,
    });
  return [search.view === "unified" ? "unified" : "split", set];
}

interface FileDiffsProps {
  project: string;
  files: FileDiff[];
  /** Where "Open" leads. */
  refName: string;
}

/** Changed files below each other, for a commit or a comparison. */
export function FileDiffs({ project, files, refName }: FileDiffsProps) {
  const [view, setView] = useDiffView();
  return (
    <div className={styles.files}>
      <ViewSwitch view={view} onChange={setView} />
      {files.map((file) => (
        <FileDiffCard
          key={file.path}
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
      ))}
    </div>
  );
}

export function ViewSwitch({ view, onChange }: { view: View; onChange: (view: View) => void }) {
  const phone = usePhone();
  if (phone) return null; // there is room for one column only
  return (
    <div>
      <Button size="small" icon="switch" onClick={() => onChange(view === "split" ? "unified" : "split")}>
        {view === "split" ? "Show in one column" : "Show side by side"}
      </Button>
    </div>
  );
}

interface FileDiffCardProps {
  file: FileDiff;
  view: View;
  actions?: ReactNode;
  /** Below the lines. */
  footer?: ReactNode;
  between?: (side: Side, line: number) => ReactNode;
  keep?: (side: Side, line: number) => boolean;
  onComment?: ((side: Side, line: number) => void) | undefined;
}

/** One changed file: what happened to it, and its lines. */
export function FileDiffCard({ file, view, actions, footer, ...diff }: FileDiffCardProps) {
  const [open, setOpen] = useState(true);
  return (
    <Card
      id={`file-${file.path}`}
      padding="none"
      title={<FileTitle file={file} />}
      actions={
        <>
          {actions}
          <Button
            size="small"
            variant="quiet"
            aria-expanded={open}
            icon={open ? "down" : "right"}
            onClick={() => setOpen(!open)}
          >
            {open ? "Hide" : "Show"}
          </Button>
        </>
      }
    >
      {open && <Lines file={file} view={view} {...diff} />}
      {open && footer}
    </Card>
  );
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

function Lines({ file, view, ...diff }: Omit<FileDiffCardProps, "actions" | "footer">) {
  const large = largeFile(file);
  if (large) return <p className={styles.words}>{large}</p>;
  const old = file.old_text ?? null;
  const next = file.new_text ?? null;
  if (file.binary || (old === null && next === null)) {
    return <p className={styles.words}>The content is not text or too long to be shown here.</p>;
  }
  if (file.status === "renamed" && old === next)
    return <p className={styles.words}>Renamed; the text is the same.</p>;
  return <Diff path={file.path} old={old} new={next} mode={view} {...diff} />;
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
