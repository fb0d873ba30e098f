import { useEffectEvent, useLayoutEffect } from "react";

interface Shortcut {
  keys: string;
  label: string;
  group: string;
  run: () => void;
}

interface ShortcutOptions {
  /** Words for the `?` sheet. */
  label: string;
  /** Heading in the `?` sheet: "Go to", "Lists", "This page". */
  group?: string;
  enabled?: boolean;
}

const SEQUENCE_MS = 1_200;
const shortcuts: Shortcut[] = [];
let typed = "";
let typedAt = 0;

/** While the component is on the page, `keys` runs `run`: one key ("e"), a sequence ("g d") or with the command key ("mod+k").
 *  The last to register wins. Plain keys rest while someone types in a field. A key works from the moment its button is drawn:
 *  a layout effect registers it, while a plain one would follow some time after the paint. */
export function useShortcut(keys: string, run: () => void, options: ShortcutOptions): void {
  const latest = useEffectEvent(run);
  const { label, group = "This page", enabled = true } = options;
  useLayoutEffect(() => {
    if (!enabled) return undefined;
    const entry = { keys, label, group, run: () => latest() };
    shortcuts.push(entry);
    return () => {
      shortcuts.splice(shortcuts.indexOf(entry), 1);
    };
  }, [keys, label, group, enabled]);
}

/** What works on this page, for the `?` sheet; a key taken twice is listed once, as it acts. */
export function listShortcuts(): Omit<Shortcut, "run">[] {
  const byKeys = new Map(shortcuts.map((item) => [item.keys, item]));
  return [...byKeys.values()].map(({ keys, label, group }) => ({ keys, label, group }));
}

function inField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function find(keys: string): Shortcut | undefined {
  return shortcuts.findLast((item) => item.keys === keys);
}

/** The shortcut that this key press completes, if any; remembers the start of a sequence. */
function match(event: KeyboardEvent): Shortcut | undefined {
  const now = event.timeStamp;
  const before = now - typedAt < SEQUENCE_MS ? typed : "";
  const sequence = before ? `${before} ${event.key}` : event.key;
  const found = find(sequence) ?? find(event.key);
  typed = found ? "" : event.key;
  typedAt = now;
  return found;
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const mod = event.metaKey || event.ctrlKey;
  if (!mod && (inField(event.target) || openDialog())) return;
  const found = mod ? find(`mod+${event.key.toLowerCase()}`) : match(event);
  if (!found) return;
  event.preventDefault();
  found.run();
}

function openDialog(): boolean {
  return document.querySelector('[role="dialog"],[role="menu"]') !== null;
}

/** Starts listening; called once by the app. */
export function startShortcuts(): () => void {
  document.addEventListener("keydown", onKeyDown);
  return () => document.removeEventListener("keydown", onKeyDown);
}
