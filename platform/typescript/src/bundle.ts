/** The document that an environment serves: read, and accepted only when its hash fits its bytes. */

import { BundleError } from "./errors.js";
import { isObject, type Json } from "./values.js";

export const MAX_BUNDLE_CHARACTERS = 64_000_000;

export interface AdapterRef {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly base_model: string;
}

export interface PromptEntry {
  readonly path: string;
  readonly source: string;
  readonly model: string | null;
  readonly config: Record<string, Json>;
  readonly input_schema: Record<string, Json> | null;
  readonly adapter: AdapterRef | null;
}

export interface ConfigEntry {
  readonly path: string;
  readonly value: Json;
}

export interface AdapterEntry {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly config: Record<string, Json>;
}

/** The artefacts of one commit, by name. */
export interface Artefacts {
  readonly prompts: Record<string, PromptEntry>;
  readonly configs: Record<string, ConfigEntry>;
  readonly adapters: Record<string, AdapterEntry>;
}

export interface Document extends Artefacts {
  readonly format: 1 | 2;
  readonly project: string;
  readonly environment: string;
  readonly commit: string;
  readonly hash: string;
  readonly rules?: Record<string, Json>;
  readonly commits?: Record<string, Artefacts>;
}

/** Check a document's text and read it. Throws BundleError. */
export async function readBundle(text: string): Promise<Document> {
  if (text.length > MAX_BUNDLE_CHARACTERS) throw new BundleError("The bundle is too large.");
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new BundleError("The bundle is not sound JSON.");
  }
  if (!isObject(data)) throw new BundleError("The bundle is not a JSON object.");
  if (data["format"] !== 1 && data["format"] !== 2) {
    throw new BundleError(
      `The bundle has format ${JSON.stringify(data["format"])}; this client reads 1 and 2: upgrade it.`,
    );
  }
  for (const name of ["project", "environment", "commit", "hash"]) {
    if (typeof data[name] !== "string") throw new BundleError(`The bundle lacks ${name}.`);
  }
  const commits = data["commits"] ?? {};
  if (!isObject(commits) || ![data, ...Object.values(commits)].every(isArtefacts)) {
    throw new BundleError("The bundle does not have the fields of its format.");
  }
  if ((await hashOf(text)) !== data["hash"]) {
    throw new BundleError("The bundle's hash does not fit its content: it was altered or damaged.");
  }
  return data as unknown as Document;
}

function isArtefacts(value: unknown): boolean {
  return isObject(value) && ["prompts", "configs", "adapters"].every((kind) => isObject(value[kind]));
}

/**
 * The SHA-256 of a document without its `hash`, as hex. The text is taken as it was served (canonical JSON), so that no
 * number is written anew.
 */
export async function hashOf(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(withoutHash(text));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The text without the member `hash` of the outermost object. */
function withoutHash(text: string): string {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") depth--;
    else if (char === '"') {
      if (depth === 1 && text.startsWith('"hash":"', at) && (text[at - 1] === "," || text[at - 1] === "{")) {
        const end = text.indexOf('"', at + 8) + 1;
        return text[at - 1] === ","
          ? text.slice(0, at - 1) + text.slice(end)
          : text.slice(0, at) + text.slice(end + 1);
      }
      at = endOfString(text, at);
    }
  }
  return text;
}

function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (at > 0) {
    let slashes = 0;
    while (text[at - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return at;
    at = text.indexOf('"', at + 1);
  }
  return text.length;
}
