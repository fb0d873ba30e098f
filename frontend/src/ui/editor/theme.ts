import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

/** The editor in the tokens' colours, light and dark alike. */
export function theme(minHeight: number, maxHeight: string | undefined): Extension {
  return EditorView.theme({
    "&": {
      color: "var(--text)",
      backgroundColor: "transparent",
      fontSize: "13px",
      ...(maxHeight ? { maxHeight } : {}),
    },
    "&.cm-focused": { outline: "none" },
    ".cm-scroller": {
      fontFamily: "var(--mono)",
      lineHeight: "20px",
      minHeight: `${minHeight}px`,
      overflow: "auto",
    },
    ".cm-content": { padding: "8px 0", caretColor: "var(--text)" },
    ".cm-line": { padding: "0 12px 0 8px" },
    ".cm-gutters": { backgroundColor: "transparent", border: "none", color: "var(--text-3)" },
    ".cm-lineNumbers .cm-gutterElement": { minWidth: "36px", padding: "0 4px 0 8px" },
    ".cm-gutter-lint": { width: "16px" },
    ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--hover) 45%, transparent)" },
    ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--text)" },
    ".cm-cursor": { borderLeftColor: "var(--text)" },
    "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
      backgroundColor: "var(--accent-bg)",
    },
    ".cm-selectionMatch": { backgroundColor: "var(--hover)" },
    ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
      backgroundColor: "var(--accent-bg)",
      outline: "none",
    },
    ".cm-tooltip, .cm-panels": {
      border: "1px solid var(--border)",
      borderRadius: "6px",
      backgroundColor: "var(--surface)",
      color: "var(--text)",
      boxShadow: "var(--shadow-2)",
      overflow: "hidden",
    },
    ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)" },
    ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
      backgroundColor: "var(--accent-bg)",
      color: "var(--text)",
    },
    ".cm-diagnostic": { padding: "4px 10px", fontFamily: "var(--font)" },
    ".cm-diagnostic-error": { borderLeft: "3px solid var(--bad)" },
    ".cm-diagnostic-warning": { borderLeft: "3px solid var(--warn)" },
    ".cm-panel.cm-search": { padding: "8px 12px", fontFamily: "var(--font)" },
    ".cm-textfield": {
      border: "1px solid var(--border-input)",
      borderRadius: "4px",
      backgroundColor: "var(--surface)",
    },
    ".cm-button": {
      border: "1px solid var(--border)",
      borderRadius: "4px",
      background: "var(--sunken)",
      color: "var(--text)",
    },
  });
}
