/** One model call as a log. */

import type { LivePrompt } from "./client.js";
import { told, userOf } from "./contexts.js";
import type { ChatMessage, Variables } from "./prompt.js";

export interface LogEntry {
  readonly prompt: LivePrompt | string;
  readonly input: LogInput | readonly ChatMessage[];
  /** A text, or any JSON. */
  readonly output?: unknown;
  readonly error?: string;
  readonly model?: string;
  readonly startedAt?: Date;
  readonly latencyMs?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Dollars. */
  readonly cost?: number;
  readonly reference?: string;
  /** Without it, the targetingKey that the prompt was asked for with. */
  readonly user?: string;
  readonly session?: string;
  /** The rule and variant that chose the commit; without it, what the prompt says. */
  readonly variant?: string;
  readonly tags?: readonly string[];
  readonly metadata?: Record<string, unknown>;
  readonly id?: string;
}

export interface LogInput {
  readonly variables?: Variables;
  readonly messages?: readonly ChatMessage[];
  readonly text?: string;
}

/** The log as the server takes it; `lean`: without the context that the prompt was asked for with. */
export function entryOf(entry: LogEntry, environment: string, lean = false): Record<string, unknown> {
  const handle = typeof entry.prompt === "string" ? null : entry.prompt;
  const context = lean ? undefined : told(handle?.context);
  const started = entry.startedAt ?? new Date(Date.now() - (entry.latencyMs ?? 0));
  return {
    id: entry.id,
    prompt: handle?.name ?? entry.prompt,
    environment,
    commit: handle?.commit,
    variant: (entry.variant ?? handle?.variant) || undefined,
    adapter: handle?.adapter?.path,
    model: modelOf(entry.model, handle?.model ?? null),
    started_at: Number.isNaN(started.getTime()) ? undefined : started.toISOString(),
    latency_ms: entry.latencyMs,
    input: Array.isArray(entry.input) ? { messages: entry.input } : entry.input,
    output: entry.output,
    error: entry.error,
    input_tokens: entry.inputTokens,
    output_tokens: entry.outputTokens,
    cost: entry.cost,
    reference: entry.reference,
    user: entry.user ?? userOf(handle?.context),
    session: entry.session,
    tags: entry.tags?.length ? entry.tags : undefined,
    metadata: context ? { context, ...entry.metadata } : entry.metadata,
  };
}

/** The prompt's own model keeps its provider, also when the answer names it without. */
function modelOf(given: string | undefined, own: string | null): string | null {
  return given && own?.split("/").slice(1).join("/") !== given ? given : own;
}
