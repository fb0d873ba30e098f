import { Fragment, type ReactNode, useMemo, useState } from "react";
import { cx } from "@/lib/cx";
import { usePhone } from "@/lib/useMedia";
import { Tokens } from "./CodeView";
import styles from "./Diff.module.css";
import { changedSpan, type DiffRow, diffLines, foldRows, isChange, pairRows } from "./diffLines";
import { Icon } from "./Icon";
import { type Language, languageOf, type Token, tokenize } from "./syntax";

export type Side = "old" | "new";

export interface DiffProps {
  path: string;
  /** The two texts; null where the file does not exist. */
  old: string | null;
  new: string | null;
  mode?: "split" | "unified";
  /** Named for screen readers, where one page shows a path twice. */
  label?: string;
  /** What stands below a line: comments, a form. Null or undefined for nothing. */
  between?: (side: Side, line: number) => ReactNode;
  /** Lines that are never folded away, e.g. those with comments. */
  keep?: (side: Side, line: number) => boolean;
  /** Shows a button beside each line that starts a comment. */
  onComment?: ((side: Side, line: number) => void) | undefined;
  /** Distance up to which unchanged lines are shown. */
  context?: number;
}

/** Two versions of a text, line by line, with words between the lines. Anchors: `#path:R12` (new), `#path:L12` (old). */
export function Diff({ mode = "split", context = 3, ...props }: DiffProps) {
  const { path, keep } = props;
  const phone = usePhone();
  const language = languageOf(path);
  const rows = useMemo(() => diffLines(props.old ?? "", props.new ?? ""), [props.old, props.new]);
  const coloured = useMemo(
    () => ({ old: tokenize(props.old ?? "", language), new: tokenize(props.new ?? "", language) }),
    [props.old, props.new, language],
  );
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const wanted = (row: DiffRow) =>
    Boolean(keep && ((row.left && keep("old", row.left)) || (row.right && keep("new", row.right))));
  const blocks = foldRows(rows, context, wanted);
  const split = mode === "split" && !phone && props.old !== null && props.new !== null;
  const Rows = split ? SplitRows : UnifiedRows;
  if (!rows.some(isChange)) return <p className={styles.nothing}>The text is the same.</p>;
  return (
    <section className={styles.scroll} aria-label={props.label ?? `Changes in ${path}`}>
      <table className={cx(styles.diff, split && styles.split)}>
        <caption className="visually-hidden">{`Changes in ${path}, old lines marked −, new lines marked +`}</caption>
        {split && (
          <colgroup>
            <col className={styles.gutter} />
            <col />
            <col className={styles.gutter} />
            <col />
          </colgroup>
        )}
        <tbody>
          {blocks.map((block) => {
            const first = block.rows[0]?.left ?? 0;
            if (block.kind === "rows" || opened.has(first)) {
              return (
                <Rows
                  key={first || `r${block.rows[0]?.right}`}
                  {...props}
                  rows={block.rows}
                  tokens={coloured}
                  language={language}
                />
              );
            }
            return (
              <tr key={`fold${first}`} className={styles.fold}>
                <td colSpan={4}>
                  <button type="button" onClick={() => setOpened(new Set([...opened, first]))}>
                    <Icon name="switch" size={14} /> {block.rows.length} unchanged lines
                  </button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

interface RowsProps extends DiffProps {
  rows: DiffRow[];
  tokens: Record<Side, Token[][]>;
  language: Language;
}

function SplitRows(props: RowsProps) {
  return pairRows(props.rows).map(([left, right], index) => {
    const span = left && right && left !== right ? changedSpan(left.before ?? "", right.after ?? "") : null;
    return (
      <Fragment key={index}>
        <tr className={styles.row}>
          <Cells {...props} side="old" row={left} mark={span?.before} />
          <Cells {...props} side="new" row={right} mark={span?.after} />
        </tr>
        <Between {...props} left={left?.left} right={right?.right} split />
      </Fragment>
    );
  });
}

function UnifiedRows(props: RowsProps) {
  const spans = useMemo(() => unifiedSpans(props.rows), [props.rows]);
  return props.rows.map((row, index) => {
    const side: Side = row.right === undefined ? "old" : "new";
    return (
      <Fragment key={index}>
        <tr className={styles.row}>
          <td className={cx(styles.number, tone(row, side))}>{row.left}</td>
          <Cells {...props} side={side} row={row} mark={spans.get(row)} />
        </tr>
        <Between {...props} left={isChange(row) ? row.left : undefined} right={row.right} />
      </Fragment>
    );
  });
}

function unifiedSpans(rows: DiffRow[]): Map<DiffRow, [number, number]> {
  const spans = new Map<DiffRow, [number, number]>();
  for (const [left, right] of pairRows(rows)) {
    if (!left || !right || left === right) continue;
    const span = changedSpan(left.before ?? "", right.after ?? "");
    if (span) spans.set(left, span.before).set(right, span.after);
  }
  return spans;
}

interface CellsProps extends RowsProps {
  side: Side;
  row: DiffRow | null;
  mark: [number, number] | undefined;
}

function Cells({ side, row, mark, path, tokens, onComment }: CellsProps) {
  const line = side === "old" ? row?.left : row?.right;
  const second = side === "new" && styles.second;
  if (!row || line === undefined) return <td colSpan={2} className={cx(styles.void, second)} />;
  const anchor = `${path}:${side === "old" ? "L" : "R"}${line}`;
  const colour = tone(row, side);
  return (
    <>
      <td className={cx(styles.number, second, colour)} id={anchor}>
        <a href={`#${anchor}`} aria-label={`${side === "old" ? "Old" : "New"} line ${line}`}>
          {line}
        </a>
      </td>
      <td className={cx(styles.text, colour)}>
        <span className={styles.sign}>{isChange(row) ? (side === "old" ? "−" : "+") : ""}</span>
        {onComment && (
          <button
            type="button"
            className={styles.add}
            aria-label={`Comment on ${side} line ${line}`}
            onClick={() => onComment(side, line)}
          >
            <Icon name="plus" size={12} />
          </button>
        )}
        <Tokens tokens={marked(tokens[side][line - 1] ?? [], mark)} />
      </td>
    </>
  );
}

/** Cuts the tokens so that the changed span is a token of its own kind. */
function marked(tokens: Token[], span: [number, number] | undefined): Token[] {
  if (!span || span[0] === span[1]) return tokens;
  const text = tokens.map((token) => token.text).join("");
  const [from, to] = span;
  return [
    ...slice(tokens, 0, from),
    { text: text.slice(from, to), kind: "changed" as const },
    ...slice(tokens, to, text.length),
  ];
}

function slice(tokens: Token[], from: number, to: number): Token[] {
  const cut: Token[] = [];
  let at = 0;
  for (const token of tokens) {
    const text = token.text.slice(Math.max(0, from - at), Math.max(0, to - at));
    if (text) cut.push({ text, kind: token.kind });
    at += token.text.length;
  }
  return cut;
}

function tone(row: DiffRow, side: Side): string | undefined {
  if (!isChange(row)) return undefined;
  return side === "old" ? styles.removed : styles.added;
}

interface BetweenProps extends RowsProps {
  left: number | undefined;
  right: number | undefined;
  split?: boolean;
}

function Between({ between, left, right, split = false }: BetweenProps) {
  const old = left === undefined ? null : between?.("old", left);
  const next = right === undefined ? null : between?.("new", right);
  if (!old && !next) return null;
  return (
    <tr className={styles.between}>
      {split && left !== undefined && old ? (
        <td colSpan={2}>{old}</td>
      ) : (
        split && <td colSpan={2} className={styles.void} />
      )}
      <td colSpan={split ? 2 : 3}>
        {!split && old}
        {next}
      </td>
    </tr>
  );
}
