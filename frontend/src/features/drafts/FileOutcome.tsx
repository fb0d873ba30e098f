import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { PromptOverview } from "@/features/prompts/files";
import { RenderedPrompt } from "@/features/prompts/RenderedPrompt";
import { useSettled } from "@/features/prompts/useSettled";
import { exampleValues } from "@/features/prompts/variables";
import { plural } from "@/lib/format";
import { CodeView } from "@/ui/CodeView";
import { Icon } from "@/ui/Icon";
import { languageOf } from "@/ui/syntax";
import conflicts from "./Conflicts.module.css";
import { mergedCheckQuery } from "./checking";
import styles from "./Drafts.module.css";

interface FileOutcomeProps {
  project: string;
  path: string;
  refName: string;
  /** The merged text; undefined while places are open or the file goes. */
  text: string | undefined;
  left: number;
  goes: boolean;
  /** Said instead of a text, for what is taken whole. */
  words?: string | undefined;
}

/** What comes of the decisions: what is wrong with it, and what a model would get. */
export function FileOutcome({ project, path, refName, text, left, goes, words }: FileOutcomeProps) {
  return (
    <section className={conflicts.outcome} aria-label={`Outcome for ${path}`}>
      <h3>What comes of it</h3>
      {left > 0 && (
        <p className={styles.quiet}>It shows up here when {plural(left, "more place")} are decided.</p>
      )}
      {goes && <p className={styles.quiet}>This file will not be in the draft.</p>}
      {words && <p className={styles.quiet}>{words}</p>}
      {!words && text !== undefined && <Outcome {...{ project, path, refName, text }} />}
    </section>
  );
}

function Outcome({
  project,
  path,
  refName,
  text,
}: Pick<FileOutcomeProps, "project" | "path" | "refName"> & { text: string }) {
  const settled = useSettled(text);
  const checked = useQuery({
    ...mergedCheckQuery(project, path, refName, settled),
    placeholderData: keepPreviousData,
  });
  const problems = checked.data?.problems ?? [];
  const overview = path.endsWith(".prompt")
    ? (checked.data?.overview as PromptOverview | null | undefined)
    : null;
  return (
    <>
      {checked.data && problems.length === 0 && (
        <p className={conflicts.good} role="status">
          <Icon name="check" /> Nothing is wrong with it
        </p>
      )}
      {problems.length > 0 && (
        <ul className={styles.problems} aria-label="What is wrong">
          {problems.map((problem) => (
            <li key={problem.path + problem.line + problem.code + problem.message}>
              <code>{problem.path === path ? `${problem.line}:${problem.column}` : problem.path}</code>
              {problem.message}
            </li>
          ))}
        </ul>
      )}
      {overview && problems.length === 0 ? (
        <RenderedPrompt
          project={project}
          path={path}
          ref_={refName}
          source={settled}
          variables={exampleValues(overview)}
        />
      ) : (
        <CodeView text={text} language={languageOf(path)} label={`Merged text of ${path}`} lines wrap />
      )}
      {overview && problems.length === 0 && (
        <details className={styles.outdated}>
          <summary>The merged text</summary>
          <CodeView text={text} language={languageOf(path)} label={`Merged text of ${path}`} lines wrap />
        </details>
      )}
    </>
  );
}
