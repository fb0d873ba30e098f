const COUNT = 6;
/** Environments have their place everywhere: production, staging, dev. */
const FIXED: Record<string, number> = { production: 1, staging: 2, dev: 3 };
/** The order in which a chart's series look for a free colour; the neutral one comes last. */
const ORDER = [1, 2, 3, 4, 6, 5];

/** The CSS colour of a metric, environment, arm or commit: the same key has the same colour on every page.
 * @public */
export function seriesColor(key: string): string {
  return `var(--series-${slotOf(key)})`;
}

/** Colours for the series of one chart: each its own where six suffice, kept stable by key. */
export function seriesColors(keys: string[]): string[] {
  const taken = new Set<number>();
  return keys.map((key) => {
    const own = slotOf(key);
    const slot = taken.has(own) ? (ORDER.find((item) => !taken.has(item)) ?? own) : own;
    taken.add(slot);
    return `var(--series-${slot})`;
  });
}

/** Dashes tell series apart where colours begin again. */
export function seriesDash(index: number): number[] {
  return [[], [6, 4], [2, 3], [8, 3, 2, 3]][Math.floor(index / COUNT) % 4] ?? [];
}

function slotOf(key: string): number {
  let hash = 2166136261;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 16777619);
  }
  return FIXED[key] ?? ORDER[(hash >>> 0) % (COUNT - 1)] ?? 1;
}
