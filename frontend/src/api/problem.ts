/** One error inside a problem: which field or place, a stable code, and words. */
export interface ProblemItem {
  where: string;
  code: string;
  detail: string;
}

interface ProblemBody {
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  errors?: ProblemItem[];
  [extra: string]: unknown;
}

/** What the server said went wrong (RFC 9457), or that it could not be reached (`code` "unreachable", status 0). */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: ProblemItem[];
  /** Further members, e.g. the other side's content of a stale save. */
  readonly extra: Record<string, unknown>;

  constructor(body: ProblemBody) {
    const { title, status, detail, code, errors, type: _type, ...extra } = body;
    super(detail || title || "Something went wrong");
    this.name = "ApiProblem";
    this.status = status ?? 0;
    this.code = code ?? "error";
    this.title = title ?? "Something went wrong";
    this.detail = detail ?? "";
    this.errors = Array.isArray(errors) ? errors : [];
    this.extra = extra;
  }

  /** The words for one form field, or undefined. Matches "name", "/name" and "body.name". */
  field(name: string): string | undefined {
    return this.errors.find((item) => bareName(item.where) === name)?.detail;
  }

  /** True when trying the same again may help. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function bareName(where: string): string {
  return where.replace(/^(body[./])?\/?/, "");
}

const TITLES: Record<number, string> = {
  400: "This cannot be used as it is",
  401: "You are not signed in",
  403: "You may not do this",
  404: "This does not exist",
  408: "This took too long",
  409: "This cannot be done as things are now",
  410: "This is gone",
  412: "Somebody else was faster",
  413: "This is too large",
  422: "Something has to be put right",
  429: "This was asked too often",
  503: "The server cannot do this now",
};

/** A heading for people; the server's own title is the name of the HTTP status. */
function titleOf(status: number): string {
  return TITLES[status] ?? (status >= 500 ? "The server failed" : "The request was refused");
}

/** Reads a refused response; a page that is no problem JSON (a proxy's, say) still becomes one. */
export async function problemFrom(response: Response): Promise<ApiProblem> {
  const text = await response.text().catch(() => "");
  try {
    const body: unknown = JSON.parse(text);
    if (body && typeof body === "object" && !Array.isArray(body)) {
      return new ApiProblem({ status: response.status, ...body, title: titleOf(response.status) });
    }
  } catch {
    // Not JSON: named below by its status alone.
  }
  return new ApiProblem({
    status: response.status,
    code: `http_${response.status}`,
    title: titleOf(response.status),
    detail: `The server answered ${response.status} without saying more.`,
  });
}

/** Any thrown thing as an ApiProblem, for showing it. */
export function toProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiProblem({ code: "page_error", title: "This page failed", detail: message });
}
