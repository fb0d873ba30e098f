import type { Extension } from "@codemirror/state";
import { lazy, Suspense } from "react";
import styles from "./CodeEditor.module.css";
import { SkeletonText } from "./Skeleton";
import type { Language } from "./syntax";

/** One thing wrong in a text; lines and columns from 1, as the server counts them. */
export interface Lint {
  line: number;
  column?: number | undefined;
  message: string;
  severity?: "error" | "warning" | "info";
}

/** A text that several people edit at once: it lives outside of the editor, which shows and changes it. */
export interface SharedDocument {
  now: () => string;
  /** Binds the editor to it, with its own history of undoing. */
  extension: Extension;
}

export interface CodeEditorProps {
  /** Named for screen readers. */
  label: string;
  value: string;
  onChange?: (value: string) => void;
  language?: Language;
  /** Asked a moment after typing stops; what it finds is underlined and listed. */
  lint?: (text: string) => Lint[] | Promise<Lint[]>;
  /** Words offered after `{{`, e.g. the prompt's variables. */
  variables?: string[];
  readOnly?: boolean;
  /** Instead of `value` and `onChange`. Another one needs another `key`. */
  shared?: SharedDocument | undefined;
  /** Ctrl-S. */
  onSave?: () => void;
  /** Ctrl-Enter. */
  onSubmit?: () => void;
  minHeight?: number;
  maxHeight?: string;
  /** Puts the cursor there once. */
  line?: number;
  autoFocus?: boolean;
}

const Editor = lazy(() => import("./editor/Editor"));

/** CodeMirror, loaded when first needed. Tab leaves the editor for the next field, Ctrl-M lets it indent instead. */
export function CodeEditor(props: CodeEditorProps) {
  const minHeight = props.minHeight ?? 160;
  return (
    <div className={styles.frame} style={{ minHeight }}>
      <Suspense
        fallback={
          <div className={styles.loading}>
            <SkeletonText lines={5} />
          </div>
        }
      >
        <Editor {...props} minHeight={minHeight} />
      </Suspense>
    </div>
  );
}
