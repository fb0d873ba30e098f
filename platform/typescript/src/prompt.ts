/** A prompt as it is live at one commit, rendered by the official Dotprompt library. */

import { type Message as DotMessage, Dotprompt, type Part, type PromptFunction } from "dotprompt";
import type { AdapterRef, PromptEntry } from "./bundle.js";
import { type ChatRequest, type RequestOptions, requestOf } from "./chat.js";
import { BundleError, RenderError } from "./errors.js";
import { isObject } from "./values.js";

export type Variables = Record<string, unknown>;
export type ChatPart = { type: "text"; text: string } | { type: "image_url"; image_url: { url: string } };

/** A message for an OpenAI-compatible endpoint. */
export interface ChatMessage {
  role: string;
  content: string | ChatPart[];
}

// Dotprompt marks roles and media in the rendered text itself. In what a variable holds the marker is broken by a
// character of the private use area and mended afterwards, so that no variable can forge a system message.
const MARKER = /<<<dotprompt/g;
const BROKEN = /<<<\uE0D7dotprompt/g;
const FRONT = /^---[ \t]*\r?\n[\s\S]*?\n---[ \t]*(?:\r?\n|$)/;

export class Prompt {
  readonly model: string | null;
  readonly config: Record<string, unknown>;
  readonly adapter: AdapterRef | null;
  private compiled: Promise<PromptFunction> | null = null;

  constructor(
    readonly name: string,
    readonly entry: PromptEntry,
    private readonly all: Record<string, PromptEntry>,
  ) {
    this.model = entry.model;
    this.config = entry.config;
    this.adapter = entry.adapter;
  }

  /** Messages for an OpenAI-compatible endpoint. Throws RenderError, which names the variable at fault. */
  async messages(variables: Variables = {}, history: readonly ChatMessage[] = []): Promise<ChatMessage[]> {
    const render = await this.ready();
    const input = { ...render.prompt.input?.default, ...variables };
    check(this.entry.input_schema, input);
    const rendered = await render({ input: broken(input) as Variables, messages: history.map(fromChat) });
    return rendered.messages.map(toChat);
  }

  /** Rejects with BundleError when the prompt cannot be compiled. */
  async sound(): Promise<void> {
    try {
      await this.ready();
    } catch (fault) {
      throw new BundleError(
        `${this.entry.path} cannot be read: ${fault instanceof Error ? fault.message : fault}`,
      );
    }
  }

  /** The body of a chat completion: `openai.chat.completions.create(await prompt.openai({…}))`. Rejects as `messages`. */
  async openai(
    variables: Variables = {},
    options: RequestOptions & { readonly history?: readonly ChatMessage[] } = {},
  ): Promise<ChatRequest> {
    const messages = await this.messages(variables, options.history);
    const { prompt } = await this.ready();
    return requestOf(
      { name: this.name, model: this.model, config: this.config, parsed: prompt },
      messages,
      options,
    );
  }

  private ready(): Promise<PromptFunction> {
    this.compiled ??= this.compile();
    return this.compiled;
  }

  private async compile(): Promise<PromptFunction> {
    const sources = new Map(Object.values(this.all).map((entry) => [entry.path, entry.source]));
    const partialResolver = (name: string) => partial(sources, this.entry.path, name);
    return apart(new Dotprompt({ partialResolver })).compile(this.entry.source);
  }
}

/**
 * All instances of Dotprompt share one Handlebars, and with it their partials: a commit would be rendered with another
 * one's. This gives an instance a Handlebars of its own, with the same helpers.
 */
function apart(made: Dotprompt): Dotprompt {
  const inner = made as unknown as { handlebars: Shared };
  const own = Object.assign(inner.handlebars.create(), { Visitor: inner.handlebars.Visitor });
  own.registerHelper(inner.handlebars.helpers);
  inner.handlebars = own;
  return made;
}

interface Shared {
  Visitor: unknown;
  helpers: Record<string, unknown>;
  create(): Shared;
  registerHelper(helpers: Record<string, unknown>): void;
}

/** The template of the partial that a prompt names: beside it, else in prompts/. */
function partial(sources: ReadonlyMap<string, string>, path: string, name: string): string | null {
  const parts = name.split("/");
  const file = [...parts.slice(0, -1), `_${parts.at(-1)}.prompt`].join("/");
  const beside = path.split("/").slice(0, -1).join("/");
  const source = sources.get(beside ? `${beside}/${file}` : file) ?? sources.get(`prompts/${file}`);
  return source === undefined ? null : source.replace(FRONT, "");
}

function broken(value: unknown): unknown {
  if (typeof value === "string") return value.replace(MARKER, "<<<\uE0D7dotprompt");
  if (Array.isArray(value)) return value.map(broken);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, broken(one)]));
}

const mended = (text: string) => text.replace(BROKEN, "<<<dotprompt");

function toChat(message: DotMessage): ChatMessage {
  const role = message.role === "model" ? "assistant" : message.role;
  const parts = message.content.filter((part): part is Part => "text" in part || "media" in part);
  if (parts.some((part) => "media" in part && part.media)) return { role, content: parts.map(chatPart) };
  return { role, content: parts.map((part) => mended(part.text ?? "")).join("") };
}

function chatPart(part: Part): ChatPart {
  if (part.media) return { type: "image_url", image_url: { url: mended(part.media.url) } };
  return { type: "text", text: mended(part.text ?? "") };
}

function fromChat(message: ChatMessage): DotMessage {
  const role = ({ assistant: "model", developer: "system" }[message.role] ??
    message.role) as DotMessage["role"];
  if (typeof message.content === "string") return { role, content: [{ text: message.content }] };
  const content = message.content.map((part) =>
    part.type === "text" ? { text: part.text } : { media: { url: part.image_url.url } },
  );
  return { role, content };
}

const KINDS: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === "boolean",
  array: Array.isArray,
  object: isObject,
  null: (value) => value === null,
};

/** Names and types of the variables themselves; what is inside an object or a list is left to the template. */
function check(schema: PromptEntry["input_schema"], input: Variables): void {
  if (!schema || (schema["type"] ?? "object") !== "object") return;
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  for (const name of required) {
    if (typeof name === "string" && input[name] === undefined) {
      throw new RenderError("missing_variable", `The variable '${name}' is missing.`, name);
    }
  }
  for (const [name, value] of Object.entries(input)) {
    const known = Object.hasOwn(properties, name);
    if (!known && schema["additionalProperties"] === false) {
      throw new RenderError("unknown_variable", `The prompt has no variable '${name}'.`, name);
    }
    if (known && value !== undefined && !fits(properties[name], value)) {
      throw new RenderError(
        "wrong_variable",
        `The variable '${name}' does not fit the prompt's schema.`,
        name,
      );
    }
  }
}

function fits(schema: unknown, value: unknown): boolean {
  if (!isObject(schema)) return true;
  const choices = schema["enum"];
  if (Array.isArray(choices) && !choices.some((one) => one === value)) return false;
  const kinds = [schema["type"] ?? []].flat();
  return !kinds.length || kinds.some((kind) => typeof kind === "string" && (KINDS[kind]?.(value) ?? true));
}
