import { useState } from "react";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CodeView } from "@/ui/CodeView";
import { Icon } from "@/ui/Icon";
import { languageOf } from "@/ui/syntax";
import { ConflictPlace } from "./ConflictPlace";
import conflicts from "./Conflicts.module.css";
import styles from "./Drafts.module.css";
import type { Draft } from "./drafts";
import { FileEditor } from "./FileEditor";
import { FileOutcome } from "./FileOutcome";
import { type ConflictFile, type Decision, mergedText, openPlaces, sideWords } from "./resolution";

interface ConflictFileCardProps {
  project: string;
  draft: Draft;
  file: ConflictFile;
  /** Whether the reader may decide. */
  may: boolean;
  decision: Decision;
  onDecide: (decision: Decision) => void;
}

/** One file: its places, and what comes out of what was picked. */
export function ConflictFileCard({ project, draft, file, may, decision, onDecide }: ConflictFileCardProps) {
  const [before, setBefore] = useState<Decision>();
  const result = mergedText(file, decision);
  const whole = decision.text !== null;
  const writeAll = () => {
    setBefore(decision);
    onDecide({ units: {}, text: result ?? firstTry(file, decision) });
  };
  const shared = { project, path: file.path, refName: draft.branch };
  return (
    <Card
      padding="none"
      title={<span className={styles.place}>{file.path}</span>}
      actions={
        may &&
        file.writable &&
        (whole ? (
          <Button size="small" icon="undo" onClick={() => onDecide(before ?? { units: {}, text: null })}>
            Go back to the places
          </Button>
        ) : (
          <Button size="small" icon="edit" onClick={writeAll}>
            Edit the whole text
          </Button>
        ))
      }
    >
      {file.problems.length > 0 && !whole && (
        <ul className={styles.problems} aria-label={`What does not fit in ${file.path}`}>
          {file.problems.map((problem) => (
            <li key={problem.line + problem.code + problem.message}>
              <Icon name="warn" />
              <code>
                {problem.line}:{problem.column}
              </code>
              {problem.message}
            </li>
          ))}
        </ul>
      )}
      {whole ? (
        <div className={conflicts.editor}>
          <FileEditor
            {...shared}
            text={decision.text ?? ""}
            onChange={(text) => onDecide({ units: {}, text })}
          />
        </div>
      ) : (
        <>
          {file.units.map((unit) => (
            <ConflictPlace
              key={unit.number}
              unit={unit}
              sides={sideWords(draft)}
              count={file.units.length}
              path={file.path}
              may={may}
              writable={file.writable}
              choice={decision.units[unit.number]}
              onChoose={(choice) =>
                onDecide({ units: { ...decision.units, [unit.number]: choice }, text: null })
              }
            />
          ))}
          {file.units.length === 0 && (
            <CodeView
              text={result ?? ""}
              language={languageOf(file.path)}
              label={`Merged text of ${file.path}`}
              lines
            />
          )}
          {file.units.length > 0 && may && (
            <FileOutcome
              {...shared}
              text={result}
              left={openPlaces(file, decision).length}
              words={wholeWords(file, decision)}
              goes={openPlaces(file, decision).length === 0 && result === undefined}
            />
          )}
        </>
      )}
    </Card>
  );
}

/** An adapter is not one text: where all of it comes from. */
function wholeWords(file: ConflictFile, decision: Decision): string | undefined {
  const choice = file.writable ? undefined : decision.units[1];
  if (!choice || file.units[0]?.[choice.pick === "main" ? "main" : "draft"] == null) return undefined;
  const side = choice.pick === "main" ? "main" : "this draft";
  return `Weights, settings and card all come from ${side}. They are checked when you save.`;
}

/** A text to begin with: what was picked, and this draft's side where nothing is picked yet. */
function firstTry(file: ConflictFile, decision: Decision): string {
  const units = { ...decision.units };
  for (const unit of file.units) units[unit.number] ??= { pick: "draft", text: "" };
  return mergedText(file, { units, text: null }) ?? "";
}
