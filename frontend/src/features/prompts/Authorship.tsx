import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import { cx } from "@/lib/cx";
import { plural } from "@/lib/format";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Segmented } from "@/ui/Segmented";
import { SkeletonText } from "@/ui/Skeleton";
import { Time } from "@/ui/Time";
import { Tooltip } from "@/ui/Tooltip";
import styles from "./Authorship.module.css";
import { type Blame, blameQuery, type MessageStep, messageHistoryQuery, roleName } from "./comparison";
import type { Commit, FileContent } from "./files";
import { Spans } from "./Spans";

const VIEWS = [
  { value: "messages", label: "By message" },
  { value: "lines", label: "By line" },
] as const;

interface AuthorshipProps {
  project: string;
  file: FileContent;
}

/** Who wrote a file: message by message for a prompt, and line by line. */
export function Authorship({ project, file }: AuthorshipProps) {
  const blame = useQuery(blameQuery(project, file.commit, file.path));
  const [view, setView] = useState<"messages" | "lines">("messages");
  if (blame.isPending) {
    return (
      <Card>
        <SkeletonText lines={8} />
      </Card>
    );
  }
  if (blame.isError) return <ErrorState error={blame.error} retry={() => void blame.refetch()} />;
  if (blame.data.lines.length === 0) return <Empty icon="people" title="The file is empty" />;
  const byMessage = blame.data.messages.length > 0;
  return (
    <div className={styles.stack}>
      {byMessage && <Segmented label="Show who wrote it" value={view} options={VIEWS} onChange={setView} />}
      {byMessage && view === "messages" ? (
        <Messages project={project} file={file} blame={blame.data} />
      ) : (
        <Lines project={project} file={file} blame={blame.data} />
      )}
    </div>
  );
}

function Messages({ project, file, blame }: AuthorshipProps & { blame: Blame }) {
  const lines = (file.text ?? "").split("\n");
  return blame.messages.map((message) => (
    <Message
      key={message.index}
      project={project}
      file={file}
      message={message}
      text={withoutMarker(lines.slice(message.first - 1, message.last).join("\n"))}
    />
  ));
}

interface MessageProps extends AuthorshipProps {
  message: Blame["messages"][number];
  text: string;
}

/** One message with who wrote it; how it came to be is asked for when somebody wants to know. */
function Message({ project, file, message, text }: MessageProps) {
  const [open, setOpen] = useState(false);
  return (
    <Card
      padding="none"
      title={roleName(message.role)}
      description={<Newest project={project} commit={message.newest} authors={message.authors} />}
      actions={
        <Button
          size="small"
          variant="quiet"
          icon={open ? "down" : "history"}
          aria-expanded={open}
          aria-label={`How it came to be: message ${message.index}`}
          onClick={() => setOpen(!open)}
        >
          How it came to be
        </Button>
      }
    >
      {text && <p className={styles.text}>{text}</p>}
      {open && (
        <div className={styles.life}>
          <Steps project={project} file={file} index={message.index} />
        </div>
      )}
    </Card>
  );
}

/** The words of a message, without the mark that says who speaks. */
function withoutMarker(text: string): string {
  return text.replace(/^\s*\{\{~?\s*(?:role\b[^}]*|history)~?\}\}\n?/, "").trim();
}

function Newest({
  project,
  commit,
  authors,
}: {
  project: string;
  commit: Commit;
  authors: readonly string[];
}) {
  const others = authors.slice(1);
  return (
    <>
      {commit.author_name}, <Time at={commit.at} />: <CommitLink project={project} commit={commit} />
      {others.length > 0 && <span className={styles.others}> Before that: {others.join(", ")}</span>}
    </>
  );
}

function CommitLink({ project, commit }: { project: string; commit: Commit }) {
  return (
    <Link className={styles.link} to="/p/$project/commits/$sha" params={{ project, sha: commit.sha }}>
      {commit.subject}
    </Link>
  );
}

function Steps({ project, file, index }: AuthorshipProps & { index: number }) {
  const life = useQuery(messageHistoryQuery(project, file.commit, file.path, index));
  if (life.isPending) return <SkeletonText lines={3} />;
  if (life.isError) return <ErrorState error={life.error} retry={() => void life.refetch()} />;
  return (
    <ol className={styles.steps} aria-label={`History of message ${index}`}>
      {life.data.items.map((step) => (
        <Step key={step.commit.sha} project={project} step={step} />
      ))}
      {life.data.more && <li className={styles.others}>Older changes of this file were not looked at.</li>}
    </ol>
  );
}

function Step({ project, step }: { project: string; step: MessageStep }) {
  return (
    <li className={styles.step}>
      <div className={styles.head}>
        <strong>{step.commit.author_name}</strong> <Time at={step.commit.at} />
        <Badge>{step.change === "added" ? "written" : "changed"}</Badge>
        {step.old_role !== step.role && <span className={styles.others}>was {roleName(step.old_role)}</span>}
        <CommitLink project={project} commit={step.commit} />
      </div>
      <p className={cx(styles.text, step.change === "added" && styles.fresh)}>
        <Spans spans={step.spans} whole={step.change === "added"} />
      </p>
    </li>
  );
}

function Lines({ project, file, blame }: AuthorshipProps & { blame: Blame }) {
  const lines = (file.text ?? "").split("\n");
  const commits = new Map(blame.commits.map((commit) => [commit.sha, commit]));
  return (
    <Card
      padding="none"
      title={plural(blame.commits.length, "change")}
      description="Who wrote each line last."
    >
      <section className={styles.scroll} aria-label={`Who wrote each line of ${file.path}`}>
        <div className={styles.lines}>
          {blame.lines.map((run) => (
            <Fragment key={run.first}>
              <Author project={project} commit={commits.get(run.sha)} />
              <pre className={styles.code}>
                {lines.slice(run.first - 1, run.last).map((line, index) => (
                  <span key={run.first + index} className={styles.line}>
                    <span className={styles.number}>{run.first + index}</span>
                    <span className={styles.words}>{line}</span>
                  </span>
                ))}
              </pre>
            </Fragment>
          ))}
        </div>
      </section>
    </Card>
  );
}

function Author({ project, commit }: { project: string; commit: Commit | undefined }) {
  if (!commit) return <div />;
  return (
    <div className={styles.author}>
      <Tooltip text={commit.subject}>
        <Link className={styles.link} to="/p/$project/commits/$sha" params={{ project, sha: commit.sha }}>
          {commit.author_name}
        </Link>
      </Tooltip>{" "}
      <Time at={commit.at} />
    </div>
  );
}
