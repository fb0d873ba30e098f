/** A bundle that must not be used: altered, of another format, or no bundle. */
export class BundleError extends Error {}

/** Nothing is known to be live: no answer, no stored copy, no fallback. */
export class NotReady extends Error {}

/** Nothing of that name is live. */
export class UnknownArtefact extends Error {}

/** Variables that do not fit the prompt. `variable` names the one at fault; `code` as in Python's SDK. */
export class RenderError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly variable: string | null = null,
  ) {
    super(message);
  }
}
