const COUNT = 6;
/** Environments have their place everywhere: production, staging, dev. */
const FIXED: Record<string, number> = { production: 1, staging: 2, dev: 3 };

/** The CSS colour of a metric, environment, arm or commit: the same key has the same colour on every page. */
export function seriesColor(key: string): string {
  return `var(--series-${FIXED[key] ?? place(key)})`;
}

/** Colours for the series of one chart: each its own where six suffice, kept stable by key. */
export function seriesColors(keys: string[]): string[] {
  const taken = new Set<number>();
  return keys.map((key) => {
    let slot = FIXED[key] ?? place(key);
    for (let tries = 0; taken.has(slot) && tries < COUNT; tries += 1) slot = (slot % COUNT) + 1;
    taken.add(slot);
    return `var(--series-${slot})`;
  });
}

/** Dashes tell series apart where colours begin again. */
export function seriesDash(index: number): number[] {
  return [[], [6, 4], [2, 3], [8, 3, 2, 3]][Math.floor(index / COUNT) % 4] ?? [];
}

function place(key: string): number {
  let hash = 2166136261;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 16777619);
  }
  return ((hash >>> 0) % COUNT) + 1;
}
