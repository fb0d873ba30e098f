/** The cases of tests/conformance, which hold the Python SDK too. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Dotprompt, picoschema } from "dotprompt";
import type { PromptEntry } from "../src/bundle.js";
import { AnswerReader, answerFields } from "../src/chat.js";
import { Delivery, type Kind } from "../src/delivery.js";
import { entryOf, type LogEntry } from "../src/entry.js";
import type { RenderError } from "../src/errors.js";
import { EventReader } from "../src/events.js";
import { encode } from "../src/logs.js";
import { type ChatMessage, Prompt } from "../src/prompt.js";
import { type Context, Rules } from "../src/rules.js";

const folder = new URL("../../../../tests/conformance/", import.meta.url);

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as T;
}

const cases = <T>(name: string): (T & { name: string })[] =>
  read<{ cases: (T & { name: string })[] }>(name).cases;

test("rules", () => {
  interface Case {
    flag: string;
    context: Context;
    variant: string | null;
    value: unknown;
    reason: string;
    code: string;
  }
  const told = read<{ now: number; document: unknown; cases: Case[] }>("rules");
  const rules = new Rules(told.document, () => told.now);
  for (const { flag, context, ...wanted } of told.cases) {
    const { message: _, ...found } = rules.decide(flag, context);
    assert.deepEqual(found, wanted, `${flag} ${JSON.stringify(context)}`);
  }
});

test("deliveries", async () => {
  interface Case {
    document: string;
    kind: Kind;
    name: string;
    context: Context;
    commit: string;
    variant: string;
    reason: string;
    there: boolean;
  }
  const told = read<{ documents: Record<string, string>; cases: Case[] }>("deliveries");
  const known: Record<string, Delivery> = {};
  for (const [name, text] of Object.entries(told.documents)) known[name] = await Delivery.load(text);
  for (const one of told.cases) {
    const delivery = known[one.document];
    assert.ok(delivery);
    const choice = delivery.choose(one.kind, one.name, one.context);
    assert.deepEqual(
      choice,
      { commit: one.commit, variant: one.variant, reason: one.reason },
      JSON.stringify(one),
    );
    assert.equal(Object.hasOwn(delivery.at(choice.commit)[one.kind], one.name), one.there);
  }
});

for (const { name, body, sound } of cases<{ body: string; sound: boolean }>("bundles")) {
  test(`bundles: ${name}`, async () => {
    if (sound) await Delivery.load(body);
    else await assert.rejects(Delivery.load(body));
  });
}

interface Rendered {
  source: string;
  variables?: Record<string, unknown>;
  history?: ChatMessage[];
  partials?: Record<string, string>;
}

/** The prompt of a case as it would stand in a bundle. */
async function promptOf({ source, partials = {} }: Rendered): Promise<Prompt> {
  const entry = (name: string, text: string) => ({
    path: `prompts/${name}.prompt`,
    source: text,
    model: null,
    config: {},
    input_schema: null,
    adapter: null,
  });
  const others = Object.entries(partials).map(([name, text]) => [`_${name}`, entry(`_${name}`, text)]);
  const { model, config, raw } = new Dotprompt().parse(source);
  const schema = (raw?.["input"] as { schema?: unknown } | undefined)?.schema;
  const described = {
    model: model ?? null,
    config: (config ?? {}) as PromptEntry["config"],
    input_schema: schema ? await picoschema(schema) : null,
  };
  const hello = { ...entry("hello", source), ...described };
  return new Prompt("hello", hello, { ...Object.fromEntries(others), hello });
}

for (const one of cases<Rendered & { messages?: unknown; error?: unknown; refused?: string }>("prompts")) {
  test(`prompts: ${one.name}`, async () => {
    const found = promptOf(one).then((prompt) => prompt.messages(one.variables, one.history));
    if (one.messages) assert.deepEqual(await found, one.messages);
    else await assert.rejects(found, (fault: RenderError) => told(fault, one.error));
  });
}

function told(fault: RenderError, wanted: unknown): boolean {
  if (wanted) assert.deepEqual({ code: fault.code, variable: fault.variable }, wanted);
  return true;
}

interface Asked extends Rendered {
  model?: string;
  tools?: [];
  body?: unknown;
  error?: { code: string };
}

for (const one of cases<Asked>("requests")) {
  test(`requests: ${one.name}`, async () => {
    const prompt = await promptOf(one);
    const { model, tools, history } = one;
    const options = { ...(model && { model }), ...(tools && { tools }), ...(history && { history }) };
    const found = prompt.openai(one.variables, options);
    if (one.error) await assert.rejects(found, (fault: RenderError) => fault.code === one.error?.code);
    else assert.deepEqual(await found, one.body);
  });
}

for (const one of cases<{ response?: unknown; chunks?: unknown[]; fields: Record<string, unknown> }>(
  "answers",
)) {
  test(`answers: ${one.name}`, () => {
    const reader = new AnswerReader();
    for (const chunk of one.chunks ?? []) reader.add(chunk);
    const { inputTokens, outputTokens, ...found } = one.chunks ? reader.fields() : answerFields(one.response);
    const tokens = { input_tokens: inputTokens, output_tokens: outputTokens };
    assert.deepEqual(JSON.parse(JSON.stringify({ ...found, ...tokens })), one.fields);
  });
}

interface Logged {
  prompt: string | { name: string; commit: string; model?: string; adapter?: string; variant?: string };
  fields: Record<string, unknown> & { started_at: string };
  entry: Record<string, unknown> & { started_at: string };
}

for (const one of cases<Logged>("logs")) {
  test(`logs: ${one.name}`, () => {
    const { started_at, latency_ms, input_tokens, output_tokens, ...same } = one.fields;
    const { prompt } = one;
    const handle =
      typeof prompt === "string"
        ? prompt
        : { ...prompt, adapter: prompt.adapter && { path: prompt.adapter } };
    const given = { prompt: handle, startedAt: new Date(started_at), latencyMs: latency_ms, ...same };
    const entry = { ...given, inputTokens: input_tokens, outputTokens: output_tokens } as unknown as LogEntry;
    const found = JSON.parse(encode(() => entryOf(entry, "production")) ?? "null");
    assert.equal(Date.parse(found.started_at), Date.parse(one.entry.started_at));
    assert.deepEqual({ ...found, started_at: one.entry.started_at }, one.entry);
  });
}

interface Stream {
  pieces: string[];
  events: unknown[];
  retry: number | null;
}

for (const { name, pieces, events, retry } of cases<Stream>("sse")) {
  test(`sse: ${name}`, () => {
    const reader = new EventReader();
    const found = pieces.flatMap((piece) => reader.feed(piece));
    assert.deepEqual([found, reader.retry], [events, retry]);
  });
}
