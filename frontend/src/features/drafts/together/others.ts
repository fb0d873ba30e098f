import * as Y from "yjs";
import { colourOf } from "./people";
import type { Seen } from "./presence";

interface Cursor {
  anchor: Y.RelativePosition;
  head: Y.RelativePosition;
}

interface State {
  cursor: Cursor | null;
  user: { name: string; color: string; colorLight: string };
}

type Change = { added: number[]; updated: number[]; removed: number[] };
type Listener = (change: Change) => void;

/** Where the others' cursors are, in the shape that y-codemirror.next asks of an "awareness". */
export class Others {
  private states = new Map<number, State>();
  private listeners = new Set<Listener>();
  private own: { cursor: Cursor | null } = { cursor: null };

  constructor(
    readonly doc: Y.Doc,
    private readonly onCursor: (cursor: Cursor | null) => void,
  ) {}

  getStates(): Map<number, State> {
    return this.states;
  }

  getLocalState(): { cursor: Cursor | null } {
    return this.own;
  }

  setLocalStateField(_field: "cursor", cursor: Cursor | null): void {
    this.own = { cursor };
    this.onCursor(cursor);
  }

  on(_event: "change", listener: Listener): void {
    this.listeners.add(listener);
  }

  off(_event: "change", listener: Listener): void {
    this.listeners.delete(listener);
  }

  /** Takes over who is here now. */
  show(pages: Seen[]): void {
    const before = this.states;
    this.states = new Map();
    for (const page of pages) {
      const cursor = cursorOf(page, this.doc);
      if (page.client !== null && page.client !== this.doc.clientID && cursor) {
        this.states.set(page.client, { cursor, user: lookOf(page) });
      }
    }
    const updated = [...new Set([...before.keys(), ...this.states.keys()])];
    if (updated.length) for (const listener of this.listeners) listener({ added: [], updated, removed: [] });
  }
}

function lookOf(page: Seen): State["user"] {
  const color = colourOf(page.user);
  return { name: page.user.name, color, colorLight: `color-mix(in srgb, ${color} 25%, transparent)` };
}

/** The cursor, unless it is of another text or not one at all. */
function cursorOf(page: Seen, doc: Y.Doc): Cursor | null {
  try {
    const { anchor, head } = page.cursor as unknown as Cursor;
    const cursor = {
      anchor: Y.createRelativePositionFromJSON(anchor),
      head: Y.createRelativePositionFromJSON(head),
    };
    for (const end of [cursor.anchor, cursor.head]) {
      if (!Y.createAbsolutePositionFromRelativePosition(end, doc)) return null;
    }
    return cursor;
  } catch {
    return null;
  }
}
