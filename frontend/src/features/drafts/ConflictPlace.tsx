import { useId } from "react";
import { cx } from "@/lib/cx";
import { changedSpan } from "@/ui/diffLines";
import { Field, TextArea } from "@/ui/Field";
import conflicts from "./Conflicts.module.css";
import {
  type Choice,
  type ConflictUnit,
  chosenText,
  type Pick,
  placeWords,
  type SideWords,
} from "./resolution";

interface ConflictPlaceProps {
  unit: ConflictUnit;
  sides: SideWords;
  /** How many places the file has. */
  count: number;
  path: string;
  may: boolean;
  writable: boolean;
  choice: Choice | undefined;
  onChoose: (choice: Choice) => void;
}

/** One place in three versions side by side, and what shall hold. */
export function ConflictPlace({
  unit,
  sides,
  count,
  path,
  may,
  writable,
  choice,
  onChoose,
}: ConflictPlaceProps) {
  const name = useId();
  const words = placeWords(unit);
  const label = `${path}: ${words}`;
  const offers: [Pick, string][] = [
    ["main", sides.takeMain],
    ["draft", sides.takeDraft],
    ...(unit.both === null ? [] : [["both", sides.takeBoth] satisfies [Pick, string]]),
    ...(writable ? [["own", "Write it myself"] satisfies [Pick, string]] : []),
  ];
  const start = () => (choice ? (chosenText(unit, choice) ?? "") : (unit.draft ?? unit.main ?? ""));
  return (
    <fieldset className={conflicts.place} aria-label={label}>
      <legend>
        {count > 1 && <span className={conflicts.number}>{unit.number}</span>}
        {words}
      </legend>
      <div className={conflicts.sides}>
        <Version title={sides.base} of={label} text={unit.base} />
        <Version
          title={sides.main}
          of={label}
          text={unit.main}
          base={unit.base}
          picked={takes(choice, "main")}
        />
        <Version
          title={sides.draft}
          of={label}
          text={unit.draft}
          base={unit.base}
          picked={takes(choice, "draft")}
        />
      </div>
      {may && (
        <div className={conflicts.offers}>
          {offers.map(([pick, label]) => (
            <label key={pick} className={conflicts.offer}>
              <input
                type="radio"
                name={name}
                checked={choice?.pick === pick}
                onChange={() => onChoose({ pick, text: pick === "own" ? start() : "" })}
              />
              {label}
            </label>
          ))}
        </div>
      )}
      {may && choice?.pick === "own" && (
        <div className={conflicts.own}>
          <Field label="Your text for this place">
            <TextArea
              rows={Math.min(14, choice.text.split("\n").length + 1)}
              className={conflicts.mono}
              spellCheck={false}
              autoFocus
              value={choice.text}
              onChange={(event) => onChoose({ pick: "own", text: event.target.value })}
            />
          </Field>
        </div>
      )}
    </fieldset>
  );
}

function takes(choice: Choice | undefined, side: "main" | "draft"): boolean {
  return choice?.pick === side || choice?.pick === "both";
}

interface VersionProps {
  title: string;
  /** The place, for a name of its own. */
  of: string;
  text: string | null;
  base?: string | null;
  picked?: boolean;
}

function Version({ title, of, text, base, picked = false }: VersionProps) {
  return (
    <section className={cx(conflicts.version, picked && conflicts.picked)} aria-label={`${title}: ${of}`}>
      <h3>
        {title}
        {picked && <span className={conflicts.taken}>taken</span>}
      </h3>
      {text?.trim() ? (
        <pre tabIndex={0}>{base ? <Marked text={text} base={base} /> : text.replace(/\n+$/, "")}</pre>
      ) : (
        <p className={conflicts.nothing}>{base?.trim() ? "Removed" : "Nothing here"}</p>
      )}
    </section>
  );
}

/** The text with what differs from the version before set off. */
function Marked({ text, base }: { text: string; base: string }) {
  const trimmed = text.replace(/\n+$/, "");
  const span = changedSpan(base.replace(/\n+$/, ""), trimmed);
  if (!span) return trimmed;
  const [start, end] = span.after;
  return (
    <>
      {trimmed.slice(0, start)}
      <mark>{trimmed.slice(start, end)}</mark>
      {trimmed.slice(end)}
    </>
  );
}
