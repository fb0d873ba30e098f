/** Logs on their way to the server: queued at once, sent in batches, dropped and counted when there is no room. */

import type { Stats } from "./stats.js";
import { isObject } from "./values.js";

export const CAPACITY = 10_000;
export const MAX_QUEUED_CHARACTERS = 32_000_000;
const MAX_LOG_CHARACTERS = 2_000_000;
const BATCH = 200;
const BATCH_CHARACTERS = 1_000_000;
const LINGER = 500;
const MAX_BACKOFF = 30_000;
const REFUSED = new Set([400, 413, 422]); // it is the content: sending it again would not help

export interface Posted {
  readonly status: number;
  readonly retryAfter: number;
  readonly body: unknown;
}
export type Post = (body: string) => Promise<Posted>;

export class LogSender {
  private queue: string[] = [];
  private size = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private sending: Promise<void> | null = null;
  private failures = 0;
  private asked = 0; // milliseconds for which the server wants to be left alone
  private closed = false;

  constructor(
    private readonly post: Post,
    private readonly stats: Stats,
  ) {}

  /** Queue a log, the lean one where the first cannot be sent. Never throws, never waits. */
  add(make: () => Record<string, unknown>, lean: () => Record<string, unknown>): void {
    const text = encode(make) ?? encode(lean);
    const full = this.queue.length >= CAPACITY || this.size + (text?.length ?? 0) > MAX_QUEUED_CHARACTERS;
    if (text === null || this.closed || full) {
      this.stats.logsDropped++;
      return;
    }
    this.queue.push(text);
    this.size += text.length;
    this.stats.logsQueued++;
    if (this.queue.length >= BATCH) this.wake(0);
    else this.wake(LINGER);
  }

  private wake(delay: number): void {
    if (this.sending || (this.timer && delay)) return;
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.send();
    }, delay);
    unref(this.timer);
  }

  private send(): Promise<void> {
    this.sending ??= this.batch().finally(() => {
      this.sending = null;
      if (this.queue.length) this.wake(this.failures ? this.rest() : LINGER);
    });
    return this.sending;
  }

  private async batch(): Promise<void> {
    let count = 0;
    for (let size = 0; count < Math.min(BATCH, this.queue.length); count++) {
      size += this.queue[count]?.length ?? 0;
      if (count && size > BATCH_CHARACTERS) break;
    }
    const batch = this.queue.slice(0, count);
    if (!batch.length) return;
    const answer = await this.posted(batch);
    if (answer && answer.status >= 200 && answer.status < 300) {
      this.take(batch.length, "logsSent");
      this.failures = 0;
    } else if (answer && REFUSED.has(answer.status)) {
      await this.sift(batch, answer);
      this.failures = 0;
    } else {
      this.failures++;
      this.asked = answer?.retryAfter ?? 0;
      this.stats.logFailures++;
    }
  }

  private rest(): number {
    return Math.max(backoff(this.failures), this.asked);
  }

  private async posted(batch: readonly string[]): Promise<Posted | null> {
    try {
      return await this.post(`{"logs":[${batch.join(",")}]}`);
    } catch {
      return null;
    }
  }

  /** Drop the logs that a refusal names, or halve the batch until the one at fault stands alone. */
  private async sift(batch: readonly string[], answer: Posted): Promise<void> {
    const blamed = blamedBy(answer.body).filter((place) => place < batch.length);
    if (batch.length === 1) {
      this.take(1, "logsDropped");
    } else if (blamed.length && answer.status !== 413) {
      const bad = new Set(blamed);
      const good = batch.filter((_, place) => !bad.has(place));
      this.queue.splice(0, batch.length, ...good);
      this.size -= batch.reduce((sum, text, place) => sum + (bad.has(place) ? text.length : 0), 0);
      this.stats.logsDropped += bad.size;
      this.stats.logsQueued -= bad.size;
    } else {
      const half = batch.slice(0, Math.ceil(batch.length / 2));
      const again = await this.posted(half);
      if (again && again.status >= 200 && again.status < 300) this.take(half.length, "logsSent");
      else if (again && REFUSED.has(again.status)) await this.sift(half, again);
    }
  }

  private take(count: number, counter: "logsSent" | "logsDropped"): void {
    for (const text of this.queue.splice(0, count)) this.size -= text.length;
    this.stats[counter] += count;
    this.stats.logsQueued -= count;
  }

  /** Send what is queued, at most so many milliseconds; false when some is still unsent. */
  async flush(timeout = 10_000): Promise<boolean> {
    const deadline = Date.now() + timeout;
    while (this.queue.length && Date.now() < deadline) {
      await Promise.race([this.send(), sleep(deadline - Date.now())]);
      if (this.queue.length && this.failures) await sleep(Math.min(this.rest(), deadline - Date.now()));
    }
    return !this.queue.length;
  }

  async close(timeout: number): Promise<void> {
    const flushed = await this.flush(timeout);
    this.closed = true;
    if (this.timer) clearTimeout(this.timer);
    if (!flushed) this.take(this.queue.length, "logsDropped");
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((done) => {
    unref(setTimeout(done, Math.max(milliseconds, 0)));
  });
}

export function backoff(failures: number, most = MAX_BACKOFF): number {
  return Math.min(1000 * 2 ** Math.min(failures - 1, 10), most) * (0.7 + 0.6 * Math.random());
}

/** A timer that does not keep a Node.js process alive. */
export function unref<T>(timer: T): T {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}

/** A log as JSON without what no database stores; null for what is no JSON, or too large. */
export function encode(make: () => Record<string, unknown>): string | null {
  try {
    const given = Object.entries(make()).filter(([, value]) => value !== undefined && value !== null);
    let text = JSON.stringify(Object.fromEntries(given), (_, value) =>
      typeof value === "bigint" ? String(value) : value,
    );
    if (text.includes("\\u0000")) text = JSON.stringify(withoutNul(JSON.parse(text)));
    return text.length <= MAX_LOG_CHARACTERS ? text.toWellFormed() : null;
  } catch {
    return null;
  }
}

function withoutNul(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("\0", "\uFFFD");
  if (Array.isArray(value)) return value.map(withoutNul);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [withoutNul(key), withoutNul(one)]));
}

/** The positions that a problem's errors name, as in {"where": "logs.3.cost"}. */
function blamedBy(body: unknown): number[] {
  const errors = isObject(body) && Array.isArray(body["errors"]) ? body["errors"] : [];
  const places = errors.map((one) =>
    isObject(one) ? /^logs\.(\d{1,6})\b/.exec(String(one["where"])) : null,
  );
  return places.flatMap((found) => (found ? [Number(found[1])] : []));
}
