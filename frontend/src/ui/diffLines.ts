/** One row of a diff. `left` and `right` are 1-based line numbers; a row without `left` is added, without `right` removed. */
export interface DiffRow {
  left?: number;
  right?: number;
  before?: string;
  after?: string;
}

/** A run of rows, or unchanged rows folded away. */
export type DiffBlock = { kind: "rows"; rows: DiffRow[] } | { kind: "fold"; rows: DiffRow[] };

/** Largest edit distance that is searched; beyond it the middle is shown as removed and added. */
const LIMIT = 800;

/** The shortest edit from `old` to `new`, line by line (Myers, "An O(ND) Difference Algorithm", 1986). */
export function diffLines(old: string, next: string): DiffRow[] {
  const a = split(old);
  const b = split(next);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end += 1;
  const rows: DiffRow[] = [];
  for (let at = 0; at < start; at += 1) rows.push(same(a, at, at));
  const middle = edit(a.slice(start, a.length - end), b.slice(start, b.length - end));
  for (const row of middle) rows.push(shift(row, start));
  for (let at = end; at > 0; at -= 1) rows.push(same(a, a.length - at, b.length - at));
  return rows;
}

function split(text: string): string[] {
  if (text === "") return [];
  return text.replace(/\n$/, "").split("\n");
}

function same(a: string[], left: number, right: number): DiffRow {
  const line = a[left] ?? "";
  return { left: left + 1, right: right + 1, before: line, after: line };
}

function shift(row: DiffRow, by: number): DiffRow {
  return {
    ...row,
    ...(row.left === undefined ? {} : { left: row.left + by }),
    ...(row.right === undefined ? {} : { right: row.right + by }),
  };
}

function edit(a: string[], b: string[]): DiffRow[] {
  const trace = search(a, b);
  if (!trace) return [...a.map(removed), ...b.map(added)];
  const rows: DiffRow[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const v = trace[d] as Map<number, number>;
    const k = x - y;
    const down = k === -d || (k !== d && get(v, k - 1) < get(v, k + 1));
    const fromX = d === 0 ? 0 : get(v, down ? k + 1 : k - 1);
    const fromY = d === 0 ? 0 : fromX - (down ? k + 1 : k - 1);
    while (x > fromX && y > fromY && a[x - 1] === b[y - 1]) {
      x -= 1;
      y -= 1;
      rows.push(same(a, x, y));
    }
    if (d > 0) rows.push(down ? added(b[fromY] ?? "", fromY) : removed(a[fromX] ?? "", fromX));
    x = fromX;
    y = fromY;
  }
  return rows.reverse();
}

/** The furthest points before each step, or null when the texts are too far apart. */
function search(a: string[], b: string[]): Map<number, number>[] | null {
  const trace: Map<number, number>[] = [];
  const v = new Map([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, LIMIT); d += 1) {
    trace.push(new Map(v));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && get(v, k - 1) < get(v, k + 1));
      let x = down ? get(v, k + 1) : get(v, k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      v.set(k, x);
      if (x >= a.length && x - k >= b.length) return trace;
    }
  }
  return null;
}

function get(v: Map<number, number>, k: number): number {
  return v.get(k) ?? -1;
}

function removed(before: string, at: number): DiffRow {
  return { left: at + 1, before };
}

function added(after: string, at: number): DiffRow {
  return { right: at + 1, after };
}

export function isChange(row: DiffRow): boolean {
  return row.left === undefined || row.right === undefined;
}

/** Folds unchanged rows that are further than `context` from any change or from a row that `keep` wants. */
export function foldRows(
  rows: DiffRow[],
  context = 3,
  keep: (row: DiffRow) => boolean = () => false,
): DiffBlock[] {
  const near = new Array<boolean>(rows.length).fill(false);
  rows.forEach((row, index) => {
    if (!isChange(row) && !keep(row)) return;
    near.fill(true, Math.max(0, index - context), index + context + 1);
  });
  const blocks: DiffBlock[] = [];
  rows.forEach((row, index) => {
    const kind = near[index] ? "rows" : "fold";
    const last = blocks.at(-1);
    if (last?.kind === kind) last.rows.push(row);
    else blocks.push({ kind, rows: [row] });
  });
  return blocks.map((block) => (block.rows.length <= 2 ? { ...block, kind: "rows" } : block));
}

/** Rows for two columns: removed and added lines of one change stand beside each other. */
export function pairRows(rows: DiffRow[]): [DiffRow | null, DiffRow | null][] {
  const pairs: [DiffRow | null, DiffRow | null][] = [];
  for (let at = 0; at < rows.length; ) {
    const row = rows[at] as DiffRow;
    if (!isChange(row)) {
      pairs.push([row, row]);
      at += 1;
      continue;
    }
    let end = at;
    while (end < rows.length && isChange(rows[end] as DiffRow)) end += 1;
    const run = rows.slice(at, end);
    const left = run.filter((item) => item.left !== undefined);
    const right = run.filter((item) => item.right !== undefined);
    for (let i = 0; i < Math.max(left.length, right.length); i += 1)
      pairs.push([left[i] ?? null, right[i] ?? null]);
    at = end;
  }
  return pairs;
}

/** Where two versions of a line differ, as [start, end) in each; null when they share too little to be worth marking. */
export function changedSpan(
  before: string,
  after: string,
): { before: [number, number]; after: [number, number] } | null {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  if (start + end < Math.max(before.trim().length, after.trim().length) * 0.25) return null;
  return { before: [start, before.length - end], after: [start, after.length - end] };
}
