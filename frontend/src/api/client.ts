import createClient from "openapi-fetch";
import { ApiProblem, problemFrom } from "./problem";
import type { paths } from "./schema";

const WRITES = new Set(["POST", "PUT", "PATCH", "DELETE"]);

function csrfToken(): string {
  return /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";
}

async function transport(request: Request): Promise<Response> {
  if (WRITES.has(request.method)) request.headers.set("X-CSRFToken", csrfToken());
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiProblem({
      code: "unreachable",
      title: "Variorum cannot be reached",
      detail: "Check the connection; the page tries again when you ask it to.",
    });
  }
  if (!response.ok) throw await problemFrom(response);
  return response;
}

/** The typed client: every path, parameter and body as the server's OpenAPI schema has them. A refusal throws ApiProblem. */
export const client = createClient<paths>({
  baseUrl: window.location.origin,
  credentials: "same-origin",
  fetch: transport,
});

/** Waits for a call of `client` and gives its data: `await take(client.GET("/api/v1/projects"))`. */
export async function take<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

interface Options {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Left-out and null values are not sent; arrays are sent as repeated names. */
  query?: Record<string, string | number | boolean | string[] | null | undefined>;
  /** JSON, or FormData / Blob as it is (uploads). */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Sent even when the page is closed meanwhile. */
  keepalive?: boolean;
}

/** A call that the schema does not describe (uploads, downloads, ETags): the answer's JSON, or null for 204. Throws ApiProblem. */
export async function call<T>(path: string, options: Options = {}): Promise<T> {
  const response = await send(path, options);
  return (response.status === 204 ? null : await response.json()) as T;
}

/** Like `call`, but gives the Response itself (headers, streams). */
export function send(path: string, options: Options = {}): Promise<Response> {
  const { method = "GET", query, body, headers, signal, keepalive = false } = options;
  const raw = body instanceof FormData || body instanceof Blob;
  return transport(
    new Request(new URL(path + queryString(query), window.location.origin), {
      method,
      credentials: "same-origin",
      keepalive,
      headers: {
        Accept: "application/json",
        ...(body && !raw ? { "Content-Type": "application/json" } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? (body as BodyInit) : JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    }),
  );
}

/** "?a=1&b=2", or "" when nothing is set. */
export function queryString(query: Options["query"] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== null && item !== undefined && item !== "") search.append(name, String(item));
    }
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}
