import { Compartment, EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useEffectEvent, useRef } from "react";
import type { CodeEditorProps } from "../CodeEditor";
import { setup } from "./setup";

/** The editor itself: it keeps its own text and takes over `value` only when that differs. */
export default function Editor(props: CodeEditorProps) {
  const { label, value, shared, language = "text", readOnly = false, line, autoFocus = false } = props;
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const frozen = useRef(new Compartment());
  const current = useEffectEvent(() => props);

  const build = useEffectEvent((parent: HTMLElement) => {
    const extensions = [
      setup({
        label,
        language,
        minHeight: props.minHeight ?? 160,
        maxHeight: props.maxHeight,
        shared: props.shared?.extension,
        current: () => current(),
      }),
      frozen.current.of(freeze(readOnly)),
    ];
    const made = new EditorView({
      state: EditorState.create({ doc: props.shared?.now() ?? value, extensions }),
      parent,
    });
    if (line) goTo(made, line);
    if (autoFocus) made.focus();
    return made;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another language or name is another editor
  useEffect(() => {
    if (!host.current) return undefined;
    const made = build(host.current);
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [language, label]);
  useEffect(() => {
    const shown = view.current;
    if (!shown || shared || shown.state.doc.toString() === value) return;
    shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: value } });
  }, [value, shared]);
  useEffect(() => {
    view.current?.dispatch({ effects: frozen.current.reconfigure(freeze(readOnly)) });
  }, [readOnly]);
  return <div ref={host} />;
}

function freeze(readOnly: boolean) {
  return [EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly)];
}

function goTo(view: EditorView, line: number): void {
  const at = view.state.doc.line(Math.min(line, view.state.doc.lines)).from;
  view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
}
