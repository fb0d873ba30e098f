/** The SDK's front door. */

import type { AdapterRef } from "./bundle.js";
import { Delivery } from "./delivery.js";
import { entryOf, type LogEntry } from "./entry.js";
import { BundleError, NotReady, UnknownArtefact } from "./errors.js";
import { EventReader } from "./events.js";
import { backoff, LogSender, type Posted, sleep, unref } from "./logs.js";
import type { ChatMessage, Prompt, Variables } from "./prompt.js";
import type { Context } from "./rules.js";
import { type Origin, Stats } from "./stats.js";
import { uuid7 } from "./uuid7.js";
import { isObject, type Json } from "./values.js";

const SILENCE = 45_000; // the stream speaks every 15 seconds; after three of them it is taken for dead
const STEADY = 30_000; // a stream that lasted as long did not fail
const EXPECTATIONS = 5; // how often to ask again for news that the server announced and does not serve yet
const MAX_RETRY_AFTER = 300_000;
const MAX_STREAM_BACKOFF = 60_000;

/** Where the last good bundle is kept between starts; `nodeFile` of `@variorum/client/node` keeps it in a file. */
export interface Storage {
  load(): Promise<string | null>;
  store(text: string): Promise<void>;
}

export interface Options {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Default: production. */
  readonly environment?: string;
  /** What is known of every caller; what a call gives is put over it. */
  readonly context?: Context;
  /** Whether logs tell the context that a prompt was asked for with, and its targetingKey as their user; default: true. */
  readonly logContext?: boolean;
  /** Seconds between two looks when there is no stream. Default: 30. */
  readonly refresh?: number;
  /** Seconds for one exchange. Default: 10. */
  readonly timeout?: number;
  /** Listen for changes; default: true. */
  readonly stream?: boolean;
  readonly storage?: Storage;
  /** A bundle's text that was shipped with the app, for a first start without server. */
  readonly fallback?: string;
  readonly fetch?: typeof fetch;
  /** Hears once of trouble and once of its end. Default: console.warn. */
  readonly warn?: (message: string) => void;
}

/** A prompt as it is live for one caller. */
export interface LivePrompt {
  readonly name: string;
  readonly environment: string;
  readonly commit: string;
  /** The rule and variant that chose the commit; empty when none had a say. */
  readonly variant: string;
  /** What the rules looked at, for the log; undefined when nothing was given, or the client does not tell it. */
  readonly context: Context | undefined;
  readonly model: string | null;
  readonly config: Record<string, unknown>;
  readonly adapter: AdapterRef | null;
  /** Messages for an OpenAI-compatible endpoint. Rejects with RenderError. */
  messages(variables?: Variables, history?: readonly ChatMessage[]): Promise<ChatMessage[]>;
  /** The body of a chat completion: `openai.chat.completions.create(await prompt.openai({…}))`. Rejects as `messages`. */
  openai: Prompt["openai"];
}

/** What is live in one environment, and the way back for logs. Once something is known, no call fails or waits. */
export class VariorumClient {
  readonly stats = new Stats();
  private readonly options: Required<Omit<Options, "storage" | "fallback">> &
    Pick<Options, "storage" | "fallback">;
  private readonly address: string;
  private delivery: Delivery | null = null;
  private etag: string | null = null;
  private started: Promise<void> | null = null;
  private failures = 0;
  private asked = 0; // milliseconds for which the server wants to be left alone
  private streaming = false;
  private expected: string | null = null;
  private following = false;
  private readonly stop = new AbortController();
  private wake: () => void = () => {};
  private readonly logs: LogSender;

  /** Nothing is fetched before first use. Throws TypeError for an address or a key that is none. */
  constructor(options: Options) {
    const address = new URL(options.baseUrl);
    if (!/^https?:$/.test(address.protocol))
      throw new TypeError("baseUrl must begin with http:// or https://");
    if (!/^[\x21-\x7e]{1,400}$/.test(options.apiKey)) throw new TypeError("apiKey is not a key");
    this.options = {
      environment: "production",
      context: {},
      logContext: true,
      refresh: 30,
      timeout: 10,
      stream: true,
      fetch: globalThis.fetch.bind(globalThis),
      // biome-ignore lint/suspicious/noConsole: an app that gives no other way hears it here
      warn: (message) => console.warn(message),
      ...options,
    };
    this.address = options.baseUrl.replace(/\/+$/, "");
    this.logs = new LogSender((body) => this.postLogs(body), this.stats);
  }

  /** Start, and wait until something is known. Rejects with NotReady when there is nothing to be had. */
  async ready(): Promise<void> {
    this.started ??= this.start();
    await this.started;
    if (!this.delivery) {
      this.started = null;
      const why = this.stats.lastError ?? "no answer came yet";
      throw new NotReady(`Nothing is known to be live in ${this.options.environment}: ${why}`);
    }
  }

  private async start(): Promise<void> {
    const first = this.fetchBundle();
    await Promise.race([first, sleep(2000)]);
    if (!this.delivery) {
      await this.useCopy("storage", () => this.options.storage?.load() ?? Promise.resolve(null));
      await this.useCopy("fallback", () => Promise.resolve(this.options.fallback ?? null));
    }
    if (!this.delivery) await first;
    if (!this.delivery) return;
    void this.poll();
    if (this.options.stream) void this.listen();
  }

  /** The prompt that is live for a caller. Throws NotReady before `ready`, UnknownArtefact for an unknown name. */
  prompt(name: string, context?: Context): LivePrompt {
    const delivery = this.known();
    const whole = this.merged(context);
    const { commit, variant } = delivery.choose("prompts", name, whole);
    const prompt = delivery.prompt(commit, name);
    if (!prompt)
      throw unknown("prompt", name, this.options.environment, Object.keys(delivery.document.prompts));
    const asked = this.options.logContext && Object.keys(whole).length ? { ...whole } : undefined;
    return live(prompt, this.options.environment, commit, variant, asked);
  }

  /** The value of a config that is live for a caller; do not change it. Throws as `prompt`. */
  config(name: string, context?: Context): Json {
    const delivery = this.known();
    const { configs } = delivery.at(delivery.choose("configs", name, this.merged(context)).commit);
    const entry = Object.hasOwn(configs, name) ? configs[name] : undefined;
    if (!entry) throw unknown("config", name, this.options.environment, Object.keys(configs));
    return entry.value;
  }

  /** What a flag gives a caller; `otherwise` when there is no such flag, it is off, or its value is of another type. */
  flag<T>(key: string, otherwise: T, context?: Context): T {
    const value = this.delivery?.flag(key, this.merged(context)).value;
    if (value === null || value === undefined || typeof value !== typeof otherwise) return otherwise;
    return Array.isArray(value) === Array.isArray(otherwise) ? (value as T) : otherwise;
  }

  private merged(context?: Context): Context {
    return context ? { ...this.options.context, ...context } : this.options.context;
  }

  private known(): Delivery {
    if (!this.delivery) throw new NotReady("Nothing is known to be live yet: await ready() first.");
    return this.delivery;
  }

  /** Record one model call; queued, never waiting, never throwing. Returns the log's id. */
  log(entry: LogEntry): string {
    const id = entry.id ?? uuid7();
    const made = (lean: boolean) => () => entryOf({ ...entry, id }, this.options.environment, lean);
    this.logs.add(made(false), made(true));
    return id;
  }

  /** Wait until queued logs were sent; false when some are still unsent after so many milliseconds. */
  flush(timeout = 10_000): Promise<boolean> {
    return this.logs.flush(timeout);
  }

  /** Send what is queued and stop listening; what is known stays readable. */
  async close(timeout = 5_000): Promise<void> {
    this.stop.abort();
    this.wake();
    await this.logs.close(timeout);
  }

  // Keeping up

  private async poll(): Promise<void> {
    while (!this.stop.signal.aborted) {
      // With a stream the look is a belt; after a failure it comes sooner, unless the server asks for more.
      const usual = this.options.refresh * 1000 * (this.streaming ? 10 : 1) * (0.9 + 0.2 * Math.random());
      const next = this.failures ? Math.min(backoff(this.failures), usual) : usual;
      await this.pause(Math.max(next, this.asked));
      if (!this.stop.signal.aborted) await this.fetchBundle();
    }
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((done) => {
      const timer = unref(setTimeout(done, milliseconds));
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  private async listen(): Promise<void> {
    for (let failures = 0, lost = false; !this.stop.signal.aborted; ) {
      const began = Date.now();
      const before = this.stats.streams;
      const heard = await this.hear().catch((fault: unknown) => ({ fault, retry: null }));
      const opened = this.stats.streams > before;
      this.streaming = false;
      if (this.stop.signal.aborted) return;
      this.stats.streamFailures++;
      this.stats.lastStreamError = this.told(heard.fault);
      failures = opened && Date.now() - began > STEADY ? 1 : failures + 1;
      if (lost && !opened) this.wake(); // it broke and does not open again: look now, then from time to time
      lost = opened;
      // A 404, too, is asked again: an older server, or a proxy, may be another one in a minute.
      await this.stopped(Math.max(backoff(failures, MAX_STREAM_BACKOFF), heard.retry ?? 0));
    }
  }

  /** Wait so long, or until the client is closed. */
  private stopped(milliseconds: number): Promise<void> {
    const { signal } = this.stop;
    if (signal.aborted) return Promise.resolve();
    return new Promise((done) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        done();
      };
      const timer = unref(setTimeout(end, milliseconds));
      signal.addEventListener("abort", end);
    });
  }

  /** One stream, to its end: why it ended, and the milliseconds that it asked to wait. */
  private async hear(): Promise<{ fault: unknown; retry: number | null }> {
    const cut = new AbortController();
    const stopped = () => cut.abort();
    this.stop.signal.addEventListener("abort", stopped);
    let silence = unref(setTimeout(() => cut.abort(), SILENCE));
    const reader = new EventReader();
    try {
      const answer = await this.options.fetch(this.runtime("stream"), {
        headers: { ...this.authorization(), Accept: "text/event-stream" },
        signal: cut.signal,
        redirect: "error",
      });
      if (answer.status !== 200 || !answer.body)
        throw new Error(`The stream was answered by ${answer.status}.`);
      if (!answer.headers.get("content-type")?.startsWith("text/event-stream"))
        throw new Error("The answer is no stream of events.");
      const decoder = new TextDecoder();
      for await (const chunk of chunks(answer.body)) {
        const lines = reader.lines;
        for (const event of reader.feed(decoder.decode(chunk, { stream: true })))
          this.heard(event.event, event.data);
        if (reader.lines === lines) continue; // half a line is no sign of life
        clearTimeout(silence);
        silence = unref(setTimeout(() => cut.abort(), SILENCE));
        if (!this.streaming) this.stats.streams++; // nobody on the way holds it back
        this.streaming = true;
      }
      return {
        fault: new Error("The server ended the stream."),
        retry: Math.min(reader.retry ?? 0, MAX_STREAM_BACKOFF),
      };
    } finally {
      clearTimeout(silence);
      cut.abort();
      this.stop.signal.removeEventListener("abort", stopped);
    }
  }

  private heard(event: string, data: string): void {
    if (event !== "bundle") return;
    let etag: unknown = null;
    try {
      const said: unknown = JSON.parse(data);
      etag = isObject(said) ? said["etag"] : null;
    } catch {
      return;
    }
    if (etag === this.etag) return;
    this.expected = typeof etag === "string" ? etag : null;
    if (this.following) return;
    this.following = true;
    void this.follow().finally(() => {
      this.following = false;
    });
  }

  /** Fetch what was announced; another process of the server may be behind, so ask some times. */
  private async follow(): Promise<void> {
    for (let turn = 0; turn < EXPECTATIONS && !this.stop.signal.aborted; turn++) {
      // Many clients hear it at the same moment: they ask within a fifth of a second. The pauses grow.
      await this.stopped(
        200 * Math.random() + (turn ? 250 * 2 ** turn : 0) + (this.failures ? this.asked : 0),
      );
      if (this.stop.signal.aborted) return;
      await this.fetchBundle();
      if (!this.expected || this.expected === this.etag) return;
    }
  }

  /** Ask the server once. Never throws. */
  private async fetchBundle(): Promise<void> {
    this.stats.fetches++;
    this.asked = 0;
    try {
      const answer = await this.request(this.runtime("bundle"), {
        headers: { ...this.authorization(), ...(this.etag ? { "If-None-Match": this.etag } : {}) },
      });
      this.asked = retryAfter(answer);
      if (answer.status === 304 && this.etag) this.stats.notModified++;
      else if (answer.status !== 200) throw new Error(`The server answered ${answer.status}.`);
      else await this.take(answer);
      if (this.failures) this.options.warn(`The bundle of ${this.options.environment} is refreshed again.`);
      this.failures = 0;
      this.stats.lastSuccess = new Date();
    } catch (fault) {
      this.failed(fault);
    }
  }

  private async take(answer: Response): Promise<void> {
    const text = await answer.text();
    const delivery = await Delivery.load(text);
    if (delivery.document.environment !== this.options.environment) {
      throw new BundleError(`The server sent the bundle of another environment.`);
    }
    const changed = delivery.hash !== this.delivery?.hash;
    this.install(delivery, "server", answer.headers.get("etag") ?? `"${delivery.hash}"`);
    if (changed && this.options.storage) await this.store(this.options.storage, text);
  }

  private async store(storage: Storage, text: string): Promise<void> {
    try {
      await storage.store(text);
    } catch {
      this.options.warn("The bundle could not be stored.");
    }
  }

  private failed(fault: unknown): void {
    this.stats.failures++;
    this.stats.lastError = this.told(fault);
    if (!this.failures++) {
      this.options.warn(
        `The bundle of ${this.options.environment} could not be refreshed: ${this.stats.lastError}`,
      );
    }
  }

  /** What went wrong, without the key. */
  private told(fault: unknown): string {
    const message = fault instanceof Error ? fault.message : "it failed";
    return message.replaceAll(this.options.apiKey, "…");
  }

  private async useCopy(origin: Origin, read: () => Promise<string | null>): Promise<void> {
    try {
      const text = this.delivery ? null : await read();
      const delivery = text === null ? null : await Delivery.load(text);
      if (!delivery || this.delivery) return;
      if (origin === "storage" && delivery.document.environment !== this.options.environment) return;
      this.install(delivery, origin, `"${delivery.hash}"`);
    } catch {
      this.options.warn(`The copy of the bundle (${origin}) cannot be used.`);
    }
  }

  private install(delivery: Delivery, origin: Origin, etag: string): void {
    this.delivery = delivery;
    this.etag = etag;
    Object.assign(this.stats, { origin, commit: delivery.commit, hash: delivery.hash });
  }

  private runtime(what: string): string {
    return `${this.address}/api/v1/runtime/${encodeURIComponent(this.options.environment)}/${what}`;
  }

  private authorization(): Record<string, string> {
    return { Authorization: `Bearer ${this.options.apiKey}` };
  }

  private request(address: string, init: RequestInit): Promise<Response> {
    const signal = AbortSignal.timeout(this.options.timeout * 1000);
    return this.options.fetch(address, { ...init, signal, redirect: "error" });
  }

  private async postLogs(body: string): Promise<Posted> {
    const headers = { ...this.authorization(), "Content-Type": "application/json" };
    const answer = await this.request(`${this.address}/api/v1/logs`, { method: "POST", headers, body });
    return {
      status: answer.status,
      retryAfter: retryAfter(answer),
      body: await answer.json().catch(() => null),
    };
  }
}

/** The milliseconds that Retry-After asks for; 0 without one. */
function retryAfter(answer: Response): number {
  const seconds = Number(answer.headers.get("retry-after"));
  return seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER) : 0;
}

async function* chunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

function live(
  prompt: Prompt,
  environment: string,
  commit: string,
  variant: string,
  context: Context | undefined,
): LivePrompt {
  const { name, model, config, adapter } = prompt;
  const messages = (variables?: Variables, history?: readonly ChatMessage[]) =>
    prompt.messages(variables, history);
  const openai: Prompt["openai"] = (variables, options) => prompt.openai(variables, options);
  return { name, environment, commit, variant, context, model, config, adapter, messages, openai };
}

function unknown(kind: string, name: string, environment: string, names: string[]): UnknownArtefact {
  const known = names.sort().slice(0, 20).join(", ") || "none";
  return new UnknownArtefact(
    `There is no ${kind} ${JSON.stringify(name)} live in ${environment}; there are: ${known}.`,
  );
}
