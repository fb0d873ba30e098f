import {
  autocompletion,
  type CompletionContext,
  closeBrackets,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { type Extension, Prec, type Text } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import type { CodeEditorProps, Lint } from "../CodeEditor";
import type { Language } from "../syntax";
import { artefactLanguage, colours } from "./language";
import { theme } from "./theme";

interface SetupOptions {
  label: string;
  language: Language;
  minHeight: number;
  maxHeight: string | undefined;
  /** What binds the editor to a text outside of it, and undoes in place of the editor's own history. */
  shared: Extension | undefined;
  /** The component's props at the moment of asking. */
  current: () => CodeEditorProps;
}

export function setup({ label, language, minHeight, maxHeight, shared, current }: SetupOptions): Extension {
  return [
    Prec.high(keymap.of(ownKeys(current))),
    keymap.of([...defaultKeymap, ...searchKeymap, ...completionKeymap, ...lintKeymap]),
    lineNumbers(),
    lintGutter(),
    shared ?? [history(), keymap.of(historyKeymap)],
    drawSelection(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    bracketMatching(),
    closeBrackets(),
    indentOnInput(),
    search({ top: true }),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) current().onChange?.(update.state.doc.toString());
    }),
    artefactLanguage(language),
    syntaxHighlighting(colours),
    linter(async (view) => diagnostics(view.state.doc, await current().lint?.(view.state.doc.toString())), {
      delay: 350,
    }),
    autocompletion({ override: [(context) => offerVariables(context, current().variables ?? [])] }),
    theme(minHeight, maxHeight),
  ];
}

function ownKeys(current: () => CodeEditorProps) {
  const run = (name: "onSave" | "onSubmit") => () => {
    const act = current()[name];
    act?.();
    return Boolean(act);
  };
  return [
    { key: "Mod-s", run: run("onSave"), preventDefault: true },
    { key: "Mod-Enter", run: run("onSubmit") },
  ];
}

function diagnostics(doc: Text, lints: Lint[] | undefined): Diagnostic[] {
  return (lints ?? []).map((lint) => {
    const line = doc.line(Math.min(Math.max(1, lint.line), doc.lines));
    const from = Math.min(line.from + Math.max(0, (lint.column ?? 1) - 1), line.to);
    const word = /^[\w.-]+/.exec(doc.sliceString(from, line.to))?.[0].length ?? 0;
    const to = lint.column ? Math.max(Math.min(from + Math.max(1, word), line.to), from) : line.to;
    return { from, to, severity: lint.severity ?? "error", message: lint.message };
  });
}

function offerVariables(context: CompletionContext, variables: string[]) {
  const before = context.matchBefore(/\{\{[#/]?\s*[\w.]*/);
  if (!before || variables.length === 0) return null;
  const word = /[\w.]*$/.exec(before.text)?.[0] ?? "";
  return {
    from: before.to - word.length,
    options: variables.map((name) => ({ label: name, type: "variable" })),
    validFor: /^[\w.]*$/,
  };
}
