const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A number for reading: 1,204 · 0.873 · 12.4. Three significant digits below 100 unless `digits` says otherwise. */
export function formatNumber(value: number, digits?: number): string {
  if (!Number.isFinite(value)) return "–";
  if (digits !== undefined) {
    return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }
  if (Number.isInteger(value) || Math.abs(value) >= 1000) {
    return value.toLocaleString("en", { maximumFractionDigits: 0 });
  }
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

/** A number for tight places: 950 · 1.2k · 3.4M. */
export function formatCompact(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value
    .toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 })
    .replace("K", "k")
    .replace("B", "G");
}

/** A share between 0 and 1 as a percentage: 0.0734 -> 7.34 %. */
export function formatPercent(share: number, digits = 1): string {
  if (!Number.isFinite(share)) return "–";
  const percent = share * 100;
  const shown = Number.isInteger(percent) ? String(percent) : percent.toFixed(digits);
  return `${shown} %`;
}

/** Milliseconds in the unit that reads best: 84 ms · 1.24 s · 3 min 20 s · 2 h 5 min. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < MINUTE) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < HOUR) return pair(whole, MINUTE, "min", "s");
  if (whole < DAY) return pair(Math.round(whole / MINUTE), 60, "h", "min");
  return pair(Math.round(whole / HOUR), 24, "d", "h");
}

function pair(value: number, base: number, large: string, small: string): string {
  const rest = value % base;
  const head = `${Math.floor(value / base)} ${large}`;
  return rest ? `${head} ${rest} ${small}` : head;
}

/** Bytes in powers of 1000: 512 B · 4.2 kB · 93 MB. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${formatNumber(value)} ${units[unit]}`;
}

/** US dollars, with as many digits as a small price needs: $12.40 · $0.0031 · $0. */
export function formatCost(dollars: number): string {
  if (!Number.isFinite(dollars)) return "–";
  if (dollars === 0) return "$0";
  if (Math.abs(dollars) >= 0.1) return `$${formatNumber(dollars, 2)}`;
  return `$${dollars.toLocaleString("en", { maximumSignificantDigits: 2 })}`;
}

/** "just now", "5 min ago", "in 3 h", "12 Mar", "12 Mar 2024". */
export function formatRelative(at: Date, now: Date = new Date()): string {
  const seconds = (now.getTime() - at.getTime()) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return "just now";
  if (size < 7 * DAY) {
    const words = relativeSize(size);
    return seconds > 0 ? `${words} ago` : `in ${words}`;
  }
  const sameYear = at.getFullYear() === now.getFullYear();
  return at.toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  });
}

function relativeSize(seconds: number): string {
  if (seconds < 45 * MINUTE) return `${Math.max(1, Math.round(seconds / MINUTE))} min`;
  if (seconds < 22 * HOUR) return `${Math.max(1, Math.round(seconds / HOUR))} h`;
  return `${Math.max(1, Math.round(seconds / DAY))} d`;
}

/** Day, time to the second and zone, for hovers: "12 Mar 2025, 14:03:22 CET". */
export function formatExact(at: Date): string {
  return at.toLocaleString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  });
}

/** "1 draft", "3 drafts"; `many` for irregular nouns. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}
