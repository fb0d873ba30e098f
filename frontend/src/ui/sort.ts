export interface Sort {
  key: string;
  descending: boolean;
}

/** What a click on a header asks for: descending first, then ascending, then none. */
export function nextSort(sort: Sort | undefined, key: string): Sort | undefined {
  if (sort?.key !== key) return { key, descending: true };
  return sort.descending ? { key, descending: false } : undefined;
}

/** A sorted copy; missing values last in both directions. */
export function sortRows<Row>(
  rows: Row[],
  value: (row: Row) => string | number | null | undefined,
  descending: boolean,
): Row[] {
  const sign = descending ? -1 : 1;
  return rows.toSorted((left, right) => {
    const a = value(left);
    const b = value(right);
    if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
    if (b === null || b === undefined) return -1;
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b), "en", { numeric: true });
  });
}

/** "-name" and "name" as they stand in an address, and back.
 * @public */
export function parseSort(text: string | undefined): Sort | undefined {
  if (!text) return undefined;
  return text.startsWith("-") ? { key: text.slice(1), descending: true } : { key: text, descending: false };
}

/** @public */
export function printSort(sort: Sort | undefined): string | undefined {
  return sort && (sort.descending ? "-" : "") + sort.key;
}
