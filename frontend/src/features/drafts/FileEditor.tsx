import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { FileProblem, PromptOverview } from "@/features/prompts/files";
import { RenderedPrompt } from "@/features/prompts/RenderedPrompt";
import { useSettled } from "@/features/prompts/useSettled";
import { VariablesForm } from "@/features/prompts/VariablesForm";
import { exampleValues, variablesOf } from "@/features/prompts/variables";
import { Card } from "@/ui/Card";
import { CodeEditor, type SharedDocument } from "@/ui/CodeEditor";
import { Icon } from "@/ui/Icon";
import { languageOf } from "@/ui/syntax";
import { checkQuery, lintOf } from "./checking";
import styles from "./Drafts.module.css";
import { SettingsForm } from "./SettingsForm";

interface FileEditorProps {
  project: string;
  path: string;
  /** The branch or commit that the text will be saved on. */
  refName: string;
  text: string;
  onChange: (text: string) => void;
  onSubmit?: () => void;
  /** Edited with others at once; `onChange` then is for the form beside the editor. */
  shared?: SharedDocument;
  readOnly?: boolean;
}

/** The text, checked as one types; beside it what the model gets, what is wrong, and the settings as a form. */
export function FileEditor(props: FileEditorProps) {
  const { project, path, refName, text, onChange, onSubmit, shared, readOnly = false } = props;
  const queries = useQueryClient();
  const settled = useSettled(text);
  const checked = useQuery({
    ...checkQuery(project, path, refName, settled),
    placeholderData: keepPreviousData,
  });
  const fits = checked.isSuccess && !checked.isPlaceholderData && checked.data.problems.length === 0;
  const [good, setGood] = useState<string>();
  if (fits && good !== settled) setGood(settled);
  const overview = path.endsWith(".prompt")
    ? (checked.data?.overview as PromptOverview | null | undefined)
    : null;
  return (
    <div className={styles.editor}>
      <div>
        <CodeEditor
          key={path}
          label={`Text of ${path}`}
          language={languageOf(path)}
          value={text}
          shared={shared}
          readOnly={readOnly}
          {...(shared ? {} : { onChange })}
          lint={(typed) => lintOf(queries, project, path, refName, typed)}
          variables={overview ? variablesOf(overview).map((variable) => variable.name) : []}
          {...(onSubmit ? { onSave: onSubmit, onSubmit } : {})}
          minHeight={420}
          maxHeight="70vh"
        />
      </div>
      <div className={styles.stack}>
        <Problems problems={checked.data?.problems} path={path} />
        {overview && !readOnly && <SettingsForm {...{ project, path, refName, text, overview, onChange }} />}
        {overview && <Preview key={path} {...{ project, path, refName, overview }} text={good} />}
      </div>
    </div>
  );
}

function Problems({ problems, path }: { problems: FileProblem[] | undefined; path: string }) {
  if (!problems) return null;
  return (
    <Card padding="none">
      {problems.length === 0 ? (
        <p className={styles.good} role="status">
          <Icon name="check" /> Ready to be saved
        </p>
      ) : (
        <ul className={styles.problems} aria-label="What is wrong">
          {problems.map((problem) => (
            <li key={problem.path + problem.line + problem.column + problem.code}>
              <code>
                {problem.path === path
                  ? `${problem.line}:${problem.column}`
                  : `${problem.path}:${problem.line}`}
              </code>
              {problem.message}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

interface PreviewProps {
  project: string;
  path: string;
  refName: string;
  /** The newest text without problems; none yet when it never had one. */
  text: string | undefined;
  overview: PromptOverview;
}

function Preview({ project, path, refName, text, overview }: PreviewProps) {
  const [given, setGiven] = useState<Record<string, unknown>>({});
  const variables = variablesOf(overview);
  const values = { ...exampleValues(overview), ...given };
  const known = Object.fromEntries(
    Object.entries(values).filter(([name]) => variables.some((one) => one.name === name)),
  );
  return (
    <Card title="What the model gets" padding="none">
      {text === undefined ? (
        <p className={styles.problems}>It shows up here once nothing is wrong with the text.</p>
      ) : (
        <RenderedPrompt project={project} path={path} ref_={refName} source={text} variables={known} />
      )}
      {variables.length > 0 && (
        <details className={styles.outdated}>
          <summary>Fill the variables</summary>
          <div className={styles.tight} style={{ paddingTop: 12 }}>
            <VariablesForm variables={variables} values={known} onChange={setGiven} />
          </div>
        </details>
      )}
    </Card>
  );
}
