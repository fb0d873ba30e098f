/** Where the bundle in use came from. */
export type Origin = "server" | "storage" | "fallback";

/** Counters of fetches and logs. */
export class Stats {
  fetches = 0;
  notModified = 0;
  failures = 0;
  streams = 0;
  streamFailures = 0;
  lastStreamError: string | null = null;
  lastError: string | null = null;
  origin: Origin | null = null;
  commit: string | null = null;
  hash: string | null = null;
  lastSuccess: Date | null = null;
  logsQueued = 0;
  logsSent = 0;
  logsDropped = 0;
  logFailures = 0;
}
