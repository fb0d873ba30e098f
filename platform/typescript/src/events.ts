/** Server-sent events (WHATWG HTML, 9.2), read from chunks of text however they are cut. */

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string;
}

const MAX_LINE = 65_536;
const MAX_EVENT = 1_000_000;

/** Throws for a line or an event that is larger than anybody needs. */
export class EventReader {
  /** Milliseconds that the server asks to wait before connecting again; null when it did not say. */
  retry: number | null = null;
  /** Whole lines so far, comments too: a stream whose number stands still is dead. */
  lines = 0;
  private size = 0;
  private rest = "";
  private started = false;
  private halfEnd = false; // the last chunk ended with a carriage return: a line feed would belong to it
  private event = "";
  private data: string[] = [];
  private id = "";

  /** The events that this chunk completes. */
  feed(chunk: string): ServerEvent[] {
    let text = chunk;
    if (!this.started && text) {
      this.started = true;
      text = text.replace(/^\uFEFF/, "");
    }
    if (this.halfEnd && text) text = text.replace(/^\n/, "");
    if (chunk) this.halfEnd = chunk.endsWith("\r");
    const lines = (this.rest + text).split(/\r\n|\n|\r/);
    this.rest = lines.pop() ?? "";
    this.lines += lines.length;
    if (this.rest.length > MAX_LINE) throw new Error("The stream sent a line without end.");
    return lines.flatMap((line) => this.line(line) ?? []);
  }

  private line(line: string): ServerEvent | null {
    if (!line) {
      const { event, data, id } = this;
      this.event = "";
      this.data = [];
      this.size = 0;
      return data.length ? { event: event || "message", data: data.join("\n"), id } : null;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") {
      this.data.push(value);
      this.size += value.length + 1;
      if (this.size > MAX_EVENT) throw new Error("The stream sent an event without end.");
    } else if (field === "id" && !value.includes("\0")) this.id = value;
    else if (field === "retry" && /^[0-9]+$/.test(value)) this.retry = Number(value);
    return null;
  }
}
