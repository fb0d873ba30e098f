import { type ReactNode, useState } from "react";
import { cx } from "@/lib/cx";
import { plural } from "@/lib/format";
import { Badge, type Tone } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import type { Side } from "@/ui/Diff";
import { Icon, type IconName } from "@/ui/Icon";
import {
  type Comparison,
  type Consequence,
  commentPlace,
  foldPassages,
  type Passage,
  type Place,
  type Row,
  roleName,
} from "./comparison";
import styles from "./RenderedDiff.module.css";
import { Spans } from "./Spans";

interface RenderedDiffProps {
  comparison: Comparison;
  /** What people say about a line, or a form. */
  between?: ((side: Side, line: number) => ReactNode) | undefined;
  /** The lines that `between` has something for. */
  places?: Place[] | undefined;
  onComment?: ((side: Side, line: number) => void) | undefined;
}

/** One file's change as people read it: what follows, settings, then messages with the words that changed. */
export function RenderedDiff({ comparison, between, places = [], onComment }: RenderedDiffProps) {
  const { consequences, rows, passages, notes } = comparison;
  const held = places.filter((place) => passages.some((passage) => within(passage, place)));
  const rest = places.filter((place) => !held.includes(place));
  return (
    <div className={styles.diff}>
      {consequences.length > 0 && <Consequences items={consequences} />}
      {notes.map((note) => (
        <p key={note} className={styles.note}>
          <Icon name="info" /> {note}
        </p>
      ))}
      {rows.length > 0 && <Rows rows={rows} />}
      {rest.map(({ side, line }) => (
        <div key={`${side}${line}`} className={styles.talk}>
          <span className={styles.where}>{`${side === "old" ? "Old line" : "Line"} ${line}`}</span>
          {between?.(side, line)}
        </div>
      ))}
      <Passages passages={passages} places={held} between={between} onComment={onComment} />
      {consequences.length + rows.length + passages.length + notes.length === 0 && (
        <p className={styles.note}>The content is the same.</p>
      )}
    </div>
  );
}

const LEVELS: Record<Consequence["level"], { word: string; tone: Tone; icon: IconName }> = {
  breaks: { word: "Breaks", tone: "bad", icon: "warn" },
  warns: { word: "Look out", tone: "warn", icon: "alert" },
  says: { word: "Good to know", tone: "neutral", icon: "info" },
};

function Consequences({ items }: { items: readonly Consequence[] }) {
  return (
    <ul className={styles.consequences} aria-label="What follows">
      {items.map((item) => (
        <li key={item.code + item.subject + item.message}>
          <span className={styles.level}>
            <Badge tone={LEVELS[item.level].tone}>
              <Icon name={LEVELS[item.level].icon} size={12} /> {LEVELS[item.level].word}
            </Badge>
          </span>
          <span>
            <Coded text={item.message} />
          </span>
        </li>
      ))}
    </ul>
  );
}

/** "`tone` is new" with the name set as code. */
function Coded({ text }: { text: string }) {
  return text.split("`").map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part));
}

const GROUPS: Record<Row["group"], string> = {
  settings: "Settings",
  variables: "Variables",
  output: "Answer",
  partials: "Includes",
  shape: "Adapter",
  card: "How it was made",
  weights: "Content",
  keys: "Keys of the config",
  schema: "Schema",
};
const STATES: Record<Row["state"], string> = {
  same: "same",
  changed: "changed",
  added: "added",
  removed: "removed",
};

function Rows({ rows }: { rows: readonly Row[] }) {
  const groups = [...new Set(rows.map((row) => row.group))];
  return (
    <table className={styles.rows}>
      <caption className="visually-hidden">Settings and fields that changed</caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      {groups.map((group) => (
        <tbody key={group}>
          <tr className={styles.group}>
            <th scope="rowgroup" colSpan={3}>
              {GROUPS[group]}
            </th>
          </tr>
          {rows
            .filter((row) => row.group === group)
            .map((row) => (
              <RowLine key={row.key} row={row} />
            ))}
        </tbody>
      ))}
    </table>
  );
}

function RowLine({ row }: { row: Row }) {
  const named = row.label !== row.key;
  return (
    <tr>
      <th scope="row">
        {named ? row.label : <code>{row.key}</code>} <span className={styles.state}>{STATES[row.state]}</span>
      </th>
      <td>{row.old === null ? <span className={styles.none}>not there</span> : <del>{row.old}</del>}</td>
      <td>
        {row.new === null ? <span className={styles.none}>not there</span> : <ins>{row.new}</ins>}
        {row.note && <span className={styles.rowNote}>{row.note}</span>}
      </td>
    </tr>
  );
}

interface PassagesProps {
  passages: readonly Passage[];
  places: Place[];
  between: RenderedDiffProps["between"];
  onComment: RenderedDiffProps["onComment"];
}

function Passages({ passages, places, between, onComment }: PassagesProps) {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const talked = (passage: Passage) => places.some((place) => within(passage, place));
  return foldPassages(passages, talked).map((block, index) => {
    if (block.kind === "shown" || open.has(index)) {
      const shown = block.kind === "shown" ? [block.passage] : block.passages;
      return shown.map((passage) => (
        <PassageView
          key={`${passage.old_index}-${passage.new_index}`}
          passage={passage}
          places={places.filter((place) => within(passage, place))}
          between={between}
          onComment={onComment}
        />
      ));
    }
    const { passages: folded } = block;
    return (
      <button
        key={`fold${folded[0]?.new_index}`}
        type="button"
        className={styles.fold}
        onClick={() => setOpen(new Set([...open, index]))}
      >
        <Icon name="switch" size={14} /> {foldWords(folded)}
      </button>
    );
  });
}

function foldWords(passages: Passage[]): string {
  const roles = passages.map((passage) => roleName(passage.role)).filter(Boolean);
  const what = roles.length > 0 ? "unchanged message" : "unchanged paragraph";
  const names = roles.length > 0 && roles.length <= 4 ? ` (${roles.join(", ")})` : "";
  return plural(passages.length, what) + names;
}

function PassageView({
  passage,
  places,
  between,
  onComment,
}: Omit<PassagesProps, "passages"> & { passage: Passage }) {
  const place = commentPlace(passage);
  const whole = passage.state === "added" || passage.state === "removed";
  return (
    <article className={cx(styles.passage, styles[passage.state])} aria-label={titleOf(passage)}>
      <header className={styles.head}>
        <strong>{passage.role ? roleName(passage.role) : "Paragraph"}</strong>
        {passage.old_role !== passage.role && (
          <span className={styles.where}>was {roleName(passage.old_role)}</span>
        )}
        <Marks passage={passage} />
        {onComment && place && (
          <span className={styles.end}>
            <Button
              size="small"
              variant="quiet"
              icon="comment"
              aria-label={`Comment on ${titleOf(passage)}`}
              onClick={() => onComment(place.side, place.line)}
            >
              Comment
            </Button>
          </span>
        )}
      </header>
      {passage.spans.length > 0 && (
        <p className={styles.words}>
          <Spans spans={passage.spans} whole={whole} />
        </p>
      )}
      {places.map(({ side, line }) => (
        <div key={`${side}${line}`} className={styles.talk}>
          {between?.(side, line)}
        </div>
      ))}
    </article>
  );
}

function Marks({ passage }: { passage: Passage }) {
  return (
    <>
      {passage.state !== "same" && (
        <Badge>
          <span aria-hidden className={styles.sign}>
            {SIGNS[passage.state]}
          </span>
          {passage.state}
        </Badge>
      )}
      {passage.moved && <Badge>moved, was number {passage.old_index}</Badge>}
    </>
  );
}

const SIGNS: Record<Passage["state"], string> = { same: "", changed: "±", added: "+", removed: "−" };

function titleOf(passage: Passage): string {
  const number = passage.new_index ?? passage.old_index;
  return passage.role ? `message ${number}, ${roleName(passage.role)}` : `paragraph ${number}`;
}

function within(passage: Passage, { side, line }: Place): boolean {
  const lines = side === "new" ? passage.new_lines : passage.old_lines;
  return lines != null && line >= (lines[0] ?? 0) && line <= (lines[1] ?? 0);
}
