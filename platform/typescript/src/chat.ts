/** A prompt as the body of a chat completion, and what a chat completion tells a log. */

import { type ParsedPrompt, picoschema } from "dotprompt";
import { RenderError } from "./errors.js";
import type { ChatMessage } from "./prompt.js";
import { isObject } from "./values.js";

/** A tool in the API's shape, or as Dotprompt writes it: name, description, inputSchema. */
export type Tool = Record<string, unknown>;
/** Definitions that the app has: a list, or by name (a definition, or just the schema of its input). */
export type Tools = readonly Tool[] | Readonly<Record<string, unknown>>;

/** Fits `openai.chat.completions.create` as it is. `model` is missing where neither prompt nor options name one. */
export interface ChatRequest extends Record<string, unknown> {
  // biome-ignore lint/suspicious/noExplicitAny: ChatMessage[], but the types of `openai` ask for unions that only it has
  messages: any[];
  model: string;
}

const RENAMED: Record<string, string> = {
  maxOutputTokens: "max_tokens",
  max_output_tokens: "max_tokens",
  topP: "top_p",
  topK: "top_k",
  stopSequences: "stop",
  stop_sequences: "stop",
  frequencyPenalty: "frequency_penalty",
  presencePenalty: "presence_penalty",
};
const OURS = new Set(["model", "messages", "stream", "n", "version"]); // the request itself decides these

export interface RequestOptions {
  /** Another model than the prompt's. */
  readonly model?: string;
  readonly tools?: Tools;
}

/** The body of a chat completion. Rejects with RenderError when a tool that the prompt names has no definition. */
export async function requestOf(
  prompt: { name: string; model: string | null; config: Record<string, unknown>; parsed: ParsedPrompt },
  messages: ChatMessage[],
  options: RequestOptions = {},
): Promise<ChatRequest> {
  const settings = Object.entries(prompt.config).filter(([name]) => !OURS.has(name));
  const renamed = settings.map(([name, value]) => [RENAMED[name] ?? name, value]);
  const body = { ...Object.fromEntries(renamed), messages } as ChatRequest;
  const model = options.model || (prompt.model ?? "").split("/").slice(1).join("/") || prompt.model;
  if (model) body.model = model;
  const tools = await toolsOf(prompt.parsed, options.tools ?? []);
  if (tools.length) body["tools"] = [...(Array.isArray(body["tools"]) ? body["tools"] : []), ...tools];
  const format = "response_format" in body ? null : await responseFormat(prompt.name, prompt.parsed);
  if (format) body["response_format"] = format;
  return body;
}

async function responseFormat(name: string, { raw, output }: ParsedPrompt): Promise<unknown> {
  const written = isObject(raw?.["output"]) ? raw["output"]["schema"] : undefined;
  if (written) {
    const schema = await picoschema(written);
    return {
      type: "json_schema",
      json_schema: { name: name.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 64), schema },
    };
  }
  return output?.format === "json" ? { type: "json_object" } : null;
}

/** What the prompt defines itself, and the definitions of the names that it lists, in its order. */
async function toolsOf({ raw }: ParsedPrompt, given: Tools): Promise<Tool[]> {
  const named = raw?.["tools"] ?? [];
  const defined = raw?.["toolDefs"] ?? [];
  if (!Array.isArray(named) || !Array.isArray(defined)) {
    throw new RenderError("bad_tools", "'tools' and 'toolDefs' must be lists.");
  }
  const own = await Promise.all([...defined, ...named.filter((one) => typeof one !== "string")].map(tool));
  const known = new Map([...own, ...(await byName(given))].map((one) => [nameOf(one), one]));
  const listed = named.filter((one): one is string => typeof one === "string");
  const missing = listed.find((name) => !known.has(name));
  if (missing !== undefined) {
    throw new RenderError("unknown_tool", `The prompt names the tool '${missing}': give its definition.`);
  }
  const names = own.map(nameOf);
  const others = listed.filter((name) => !names.includes(name)).map((name) => known.get(name));
  return [...own, ...others.filter((one) => one !== undefined)];
}

function byName(given: Tools): Promise<Tool[]> {
  if (Array.isArray(given)) return Promise.all(given.map(tool));
  const whole = (one: unknown) => isObject(one) && ("function" in one || typeof one["name"] === "string");
  return Promise.all(
    Object.entries(given).map(([name, one]) => tool(whole(one) ? one : { name, inputSchema: one })),
  );
}

const nameOf = (one: Tool) => (isObject(one["function"]) ? one["function"]["name"] : undefined);

async function tool(one: unknown): Promise<Tool> {
  if (isObject(one) && typeof one["type"] === "string" && one["type"] in one) return one;
  if (!isObject(one) || typeof one["name"] !== "string") {
    throw new RenderError(
      "bad_tools",
      "A tool needs a name, or the shape {type: function, function: {...}}.",
    );
  }
  const { name, description } = one;
  const written = one["inputSchema"] ?? one["parameters"];
  const parameters = written ? await picoschema(written) : undefined;
  const made = Object.entries({ name, description, parameters }).filter(([, value]) => value !== undefined);
  return { type: "function", function: Object.fromEntries(made) };
}

/** What an answer tells a log. */
export interface AnswerFields {
  model?: string;
  inputTokens?: number;
  outputTokens?: number;
  output?: unknown;
}

/** Output, model and tokens of a whole chat completion. */
export function answerFields(response: unknown): AnswerFields {
  const found: AnswerFields = {};
  if (!isObject(response)) return found;
  if (typeof response["model"] === "string" && response["model"]) found.model = response["model"];
  readUsage(response["usage"], found);
  const choice: unknown = Array.isArray(response["choices"]) ? response["choices"][0] : null;
  const message = isObject(choice) ? choice["message"] : null;
  if (isObject(message)) setOutput(found, message["content"] ?? message["refusal"], message["tool_calls"]);
  return found;
}

function readUsage(usage: unknown, found: AnswerFields): void {
  if (!isObject(usage)) return;
  if (typeof usage["prompt_tokens"] === "number") found.inputTokens = usage["prompt_tokens"];
  if (typeof usage["completion_tokens"] === "number") found.outputTokens = usage["completion_tokens"];
}

function setOutput(found: AnswerFields, said: unknown, calls: unknown): void {
  if (Array.isArray(calls) && calls.length) found.output = { content: said ?? null, tool_calls: calls };
  else if (said !== undefined && said !== null) found.output = said;
}

/** Gathers what a stream of a chat completion tells a log. */
export class AnswerReader {
  private readonly found: AnswerFields = {};
  private said: string | null = null;
  private readonly calls = new Map<
    number,
    { type: string; function: { arguments: string; name?: string }; id?: string }
  >();

  add(chunk: unknown): void {
    if (!isObject(chunk)) return;
    if (typeof chunk["model"] === "string" && chunk["model"]) this.found.model = chunk["model"];
    readUsage(chunk["usage"], this.found);
    const choices = Array.isArray(chunk["choices"]) ? chunk["choices"] : [];
    const first: unknown = choices.find((one) => isObject(one) && (one["index"] ?? 0) === 0);
    const delta = isObject(first) ? first["delta"] : null;
    if (!isObject(delta)) return;
    const text = delta["content"] ?? delta["refusal"];
    if (typeof text === "string") this.said = (this.said ?? "") + text;
    for (const call of Array.isArray(delta["tool_calls"]) ? delta["tool_calls"] : [])
      if (isObject(call)) this.call(call);
  }

  private call(piece: Record<string, unknown>): void {
    const place = typeof piece["index"] === "number" ? piece["index"] : 0;
    const made = this.calls.get(place) ?? { type: "function", function: { arguments: "" } };
    if (typeof piece["id"] === "string") made.id = piece["id"];
    const told = isObject(piece["function"]) ? piece["function"] : {};
    if (typeof told["name"] === "string") made.function.name = told["name"];
    if (typeof told["arguments"] === "string") made.function.arguments += told["arguments"];
    this.calls.set(place, made);
  }

  fields(): AnswerFields {
    const calls = [...this.calls.values()];
    setOutput(this.found, calls.length ? this.said || null : this.said, calls);
    return this.found;
  }
}
