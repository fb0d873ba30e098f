import type { Extension } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import * as Y from "yjs";
import type { LiveMessage } from "@/api/live";
import { toProblem } from "@/api/problem";
import { toBytes, toLetters } from "./bytes";
import { Others } from "./others";
import type { TextCalls, TextState } from "./texts";

const PAUSE = 50;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 15_000;
/** After these the draft's page shows the text for reading only. */
const ENDS = new Set(["draft.closed", "draft.merged"]);
const FORM = "form";
const THERE = "there";

export interface Status {
  /** kept: all is stored; sending: on its way; offline: waits for the connection; over: no more edits are taken. */
  state: "kept" | "sending" | "offline" | "over";
  /** Why it is over. */
  why: string;
}

interface Calls extends Pick<TextCalls, "pull" | "send"> {
  /** The whole text, after the server has brought it onto the draft's newest version. */
  renew: () => Promise<TextState>;
}

interface Hooks {
  onStatus: (status: Status) => void;
  /** The text changed, here or there. */
  onText: () => void;
  /** Somebody typed here. */
  onTyping: () => void;
  onCursor: (cursor: { anchor: Y.RelativePosition; head: Y.RelativePosition } | null) => void;
}

/** A name beside another's cursor shows for a while after it moved, and on hover. */
const look = EditorView.theme({
  ".cm-ySelectionInfo": {
    top: "-1.6em",
    padding: "0 4px",
    border: "1px solid",
    borderColor: "inherit",
    borderRadius: "4px",
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    fontFamily: "var(--font)",
    fontSize: "11px",
    animation: "shown-for-a-while 3s",
  },
});

/**
 * One file that is edited together. Edits are shown at once, sent in small batches one after the other, and stay here
 * until the server has stored them; what others do comes by the live stream, and by asking when something was missed.
 */
export class SharedText {
  readonly doc = new Y.Doc();
  readonly others: Others;
  readonly extension: Extension;
  status: Status = { state: "kept", why: "" };
  private readonly text = this.doc.getText("text");
  private waiting: Uint8Array[] = [];
  private sending = false;
  private pulling = false;
  private seq: number;
  private heard = 0;
  private wait = FIRST_WAIT;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ended = false;
  private idle: (() => void)[] = [];

  constructor(
    readonly id: number,
    start: TextState,
    private readonly calls: Calls,
    private readonly hooks: Hooks,
  ) {
    this.seq = start.seq;
    Y.applyUpdate(this.doc, toBytes(start.update), THERE);
    this.others = new Others(this.doc, hooks.onCursor);
    const undoManager = new Y.UndoManager(this.text, { trackedOrigins: new Set([FORM]) });
    this.extension = [keymap.of(yUndoManagerKeymap), yCollab(this.text, this.others, { undoManager }), look];
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      hooks.onText();
      if (origin !== THERE) this.typed(update);
    });
    window.addEventListener("online", this.again);
    window.addEventListener("pagehide", this.hurry);
  }

  now = (): string => this.text.toString();

  /** Edits that the server has not stored yet. */
  get unsent(): boolean {
    return this.sending || this.waiting.length > 0;
  }

  /** Makes the text what a form says, changing only the middle that differs. */
  become(wanted: string): void {
    const old = this.now();
    let from = 0;
    while (from < Math.min(old.length, wanted.length) && old[from] === wanted[from]) from += 1;
    let same = 0;
    const most = Math.min(old.length, wanted.length) - from;
    while (same < most && old[old.length - 1 - same] === wanted[wanted.length - 1 - same]) same += 1;
    this.doc.transact(() => {
      this.text.delete(from, old.length - from - same);
      this.text.insert(from, wanted.slice(from, wanted.length - same));
    }, FORM);
  }

  /** News of the draft. */
  hear(message: LiveMessage): void {
    if (this.ended) return;
    if (message.kind === "resync") void this.pull();
    if (message.kind.startsWith("draft.") && !ENDS.has(message.kind)) void this.renew();
    if (message.kind !== "text.progress" || message.data["text"] !== this.id) return;
    const { seq, update } = message.data as { seq: number; update: string | null };
    this.heard = Math.max(this.heard, seq);
    if (update) Y.applyUpdate(this.doc, toBytes(update), THERE);
    if (update && seq === this.seq + 1) this.seq = seq;
    else if (seq > this.seq) void this.pull();
  }

  /** Resolves once everything typed so far is stored, or cannot be. */
  async flush(): Promise<void> {
    if (!this.unsent || this.ended) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    const done = new Promise<void>((resolve) => this.idle.push(resolve));
    void this.send();
    await done;
  }

  /** No more edits are taken here. */
  end(why: string): void {
    this.ended = true;
    this.tell({ state: "over", why });
    this.settle();
  }

  close(): void {
    void this.send(); // what was typed in the last moment
    this.ended = true;
    window.removeEventListener("online", this.again);
    window.removeEventListener("pagehide", this.hurry);
    this.settle();
  }

  private typed(update: Uint8Array): void {
    this.waiting.push(update);
    this.hooks.onTyping();
    if (this.status.state === "kept") this.tell({ state: "sending", why: "" });
    if (!this.sending) this.timer ??= setTimeout(() => void this.send(), PAUSE);
  }

  private async send(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.sending || this.ended || this.waiting.length === 0) return;
    const batch = this.waiting;
    this.waiting = [];
    this.sending = true;
    try {
      const answer = await this.calls.send(this.id, toLetters(Y.mergeUpdates(batch)));
      this.wait = FIRST_WAIT;
      this.sending = false;
      if (answer.seq > this.seq + 1) this.heard = Math.max(this.heard, answer.seq);
      this.next();
    } catch (error) {
      this.sending = false;
      this.waiting = [...batch, ...this.waiting];
      await this.failed(error);
    }
  }

  private next(): void {
    if (this.waiting.length > 0) {
      this.timer ??= setTimeout(() => void this.send(), PAUSE);
    } else {
      this.tell({ state: "kept", why: "" });
      this.settle();
    }
  }

  private async failed(error: unknown): Promise<void> {
    const problem = toProblem(error);
    if (problem.code === "behind") {
      await this.pull(true);
    } else if (problem.code === "unreachable" || problem.status >= 500 || problem.status === 429) {
      this.tell({ state: "offline", why: "" });
      clearTimeout(this.timer);
      this.timer = setTimeout(this.again, this.wait);
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    } else {
      this.end(problem.detail);
    }
  }

  /** Fetches what is missing here; `all`: and sends everything that is missing there. */
  private async pull(all = false): Promise<void> {
    if (this.pulling || this.ended) return;
    this.pulling = true;
    try {
      const answer = await this.calls.pull(this.id, toLetters(Y.encodeStateVector(this.doc)));
      Y.applyUpdate(this.doc, toBytes(answer.update), THERE);
      this.seq = Math.max(this.seq, answer.seq);
      if (all) {
        this.waiting = [Y.encodeStateAsUpdate(this.doc, toBytes(answer.vector))];
        this.next();
      } else if (!this.unsent) {
        this.tell({ state: "kept", why: "" });
      }
    } catch (error) {
      await this.failed(error);
    } finally {
      this.pulling = false;
      if (this.heard > this.seq && !this.ended) setTimeout(() => void this.pull(), FIRST_WAIT);
    }
  }

  /** Somebody saved: what they did past this page comes in as edits. */
  private async renew(): Promise<void> {
    try {
      const answer = await this.calls.renew();
      if (answer.id === this.id) Y.applyUpdate(this.doc, toBytes(answer.update), THERE);
      else this.end("The file was deleted and made anew.");
    } catch (error) {
      await this.failed(error);
    }
  }

  private again = (): void => {
    if (this.status.state !== "offline") return;
    this.timer = undefined;
    void this.send();
    void this.pull();
  };

  private hurry = (): void => void this.send();

  private tell(status: Status): void {
    if (this.status.state === status.state && this.status.why === status.why) return;
    this.status = status;
    this.hooks.onStatus(status);
  }

  private settle(): void {
    for (const resolve of this.idle.splice(0)) resolve();
  }
}
