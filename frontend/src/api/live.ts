import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";

/** One message of a project's stream. */
export interface LiveMessage {
  kind: string;
  subject: { kind: string; id: string } | null;
  data: Record<string, unknown>;
}

type Handler = (message: LiveMessage) => void;
type Source = Pick<EventSource, "close" | "onopen" | "onmessage" | "onerror" | "readyState">;

/** What listeners are told when messages may have been missed. */
const RESYNC: LiveMessage = { kind: "resync", subject: null, data: {} };
const CLOSED = 2;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;
/** Nouns whose plural is not kind + "s", and kinds that freshen a neighbour's lists. */
const NOUNS: Record<string, string[]> = {
  repository: ["files"],
  file: ["files"],
  commit: ["files"],
  tag: ["tags", "files"],
  rules: ["rules"],
  draft: ["drafts", "files"],
  comment: ["drafts"],
  approval: ["drafts"],
  environment: ["deployments", "freezes"],
  freeze: ["freezes", "deployments"],
  approval_rule: ["approval_rules", "drafts"],
  check: ["drafts", "checks", "approval_rules"],
  api_key: ["keys"],
  project: ["project", "exports"],
  job: ["jobs", "exports"],
  notice: [],
  training: ["training", "jobs"],
  evaluation: ["evaluations", "jobs"],
  quality: ["quality"],
  alert: ["alerts", "alert_rules"],
  alert_rule: ["alert_rules", "alerts"],
  delivery: ["channels"],
  rollout: ["rollouts", "deployments"],
  guard: ["rollouts"],
};

/** The query nouns that a message makes stale; none for progress, which handlers show themselves. */
export function staleNouns(kind: string): string[] {
  if (kind.endsWith(".progress")) return [];
  const noun = kind.split(".")[0] ?? "";
  return noun ? (NOUNS[noun] ?? [`${noun}s`]) : [];
}

/** One connection per project, shared by all who listen; opened by the first, closed after the last. */
export class LiveStream {
  private handlers = new Set<Handler>();
  private source: Source | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = FIRST_WAIT;
  private lost = false;
  private topics = new Map<string, number>();

  constructor(
    private readonly url: string,
    /** Sees every message, but does not keep the connection open by itself. */
    private readonly onMessage: Handler,
    /** Called when messages may have been missed: a lost connection is back, or the server says so. */
    private readonly onReturn: () => void,
    private readonly open: (url: string) => Source = (address) => new EventSource(address),
  ) {}

  listen(handler: Handler): () => void {
    this.handlers.add(handler);
    if (this.handlers.size === 1) this.connect();
    return () => {
      this.handlers.delete(handler);
      if (this.handlers.size === 0) this.close();
    };
  }

  /** Also hears what is told to the followers of a topic only; the connection is changed for one that does. */
  follow(topic: string): () => void {
    const count = this.topics.get(topic) ?? 0;
    this.topics.set(topic, count + 1);
    if (count === 0 && this.source) this.connect();
    return () => {
      const left = (this.topics.get(topic) ?? 1) - 1;
      if (left > 0) this.topics.set(topic, left);
      else this.topics.delete(topic);
    };
  }

  private connect(): void {
    const before = this.source;
    const source = this.open(this.address());
    this.source = source;
    source.onopen = () => {
      before?.close();
      this.wait = FIRST_WAIT;
      if (this.lost) this.returned();
      this.lost = false;
    };
    source.onmessage = (event: MessageEvent<string>) => this.deliver(event.data);
    source.onerror = () => {
      before?.close();
      if (this.source !== source) return;
      this.lost = true;
      if (source.readyState === CLOSED) this.again();
    };
  }

  private address(): string {
    const topics = [...this.topics.keys()].map((topic) => `topic=${encodeURIComponent(topic)}`);
    return topics.length ? `${this.url}?${topics.join("&")}` : this.url;
  }

  private returned(): void {
    this.onReturn();
    for (const handler of [...this.handlers]) handler(RESYNC);
  }

  private deliver(text: string): void {
    const message = parseMessage(text);
    if (!message) return;
    if (message.kind === "resync") {
      this.returned();
      return;
    }
    this.onMessage(message);
    for (const handler of [...this.handlers]) handler(message);
  }

  private again(): void {
    this.source = null;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  private close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
    this.lost = false;
  }
}

function parseMessage(text: string): LiveMessage | null {
  try {
    const body = JSON.parse(text) as Partial<LiveMessage>;
    if (typeof body.kind !== "string") return null;
    return { kind: body.kind, subject: body.subject ?? null, data: body.data ?? {} };
  } catch {
    return null;
  }
}

/**
 * Collects stale nouns for a moment and freshens each once, so that a burst of messages costs one request a list: the
 * first message after a quiet time waits `soon`, those after it until `pause` has passed since the last freshening.
 */
export function freshener(queries: QueryClient, project: string, soon = 30, pause = 250): Handler {
  const nouns = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = -pause;
  return (message) => {
    for (const noun of staleNouns(message.kind)) nouns.add(noun);
    if (timer || nouns.size === 0) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        last = performance.now();
        for (const noun of [...nouns, "events"])
          void queries.invalidateQueries({ queryKey: [project, noun] });
        nouns.clear();
      },
      Math.max(soon, last + pause - performance.now()),
    );
  };
}

const streams = new Map<string, LiveStream>();

function streamOf(queries: QueryClient, project: string): LiveStream {
  let stream = streams.get(project);
  if (!stream) {
    const url = `/api/v1/projects/${encodeURIComponent(project)}/stream`;
    const freshenAll = () => void queries.invalidateQueries({ queryKey: [project] });
    stream = new LiveStream(url, freshener(queries, project), freshenAll);
    streams.set(project, stream);
  }
  return stream;
}

/**
 * Calls `handler` with every live message of the project while the component is on the page. Lists are freshened without
 * it. With a `topic` also with those that only its followers get. The kind "resync" says that some may have been missed.
 */
export function useLive(project: string, handler: Handler, topic?: string): void {
  const queries = useQueryClient();
  const latest = useEffectEvent(handler);
  useEffect(() => streamOf(queries, project).listen((message) => latest(message)), [queries, project]);
  useEffect(() => (topic ? streamOf(queries, project).follow(topic) : undefined), [queries, project, topic]);
}
