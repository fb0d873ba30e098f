import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { membersQuery } from "@/features/settings/members";
import { Button } from "@/ui/Button";
import { TextArea } from "@/ui/Field";
import { askedFor, type Callable, fitting, written } from "./mentions";
import styles from "./Review.module.css";
import { Said } from "./Said";

interface MentionBoxProps {
  project: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  onSend: () => void;
  onCancel?: (() => void) | undefined;
  autoFocus?: boolean;
  rows?: number;
}

/** A box for text in which @ offers people: arrows choose, Enter or Tab takes, Escape lets be. It can be looked at first. */
export function MentionBox(props: MentionBoxProps) {
  const { value, onChange } = props;
  const box = useRef<HTMLTextAreaElement>(null);
  const list = useId();
  const members = useQuery(membersQuery(props.project)).data ?? [];
  const [asked, setAsked] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const offered = asked === null ? [] : fitting(asked, members);
  const look = (text: string) => {
    const next = askedFor(text, box.current?.selectionStart ?? text.length);
    if (next !== asked) setAt(0);
    setAsked(next);
  };
  const choose = (who: Callable) => {
    const done = written(value, box.current?.selectionStart ?? value.length, who.handle);
    flushSync(() => {
      onChange(done.text);
      setAsked(null);
    });
    // At once: a frame later the next key may have been typed, and the cursor would jump back before it.
    box.current?.focus();
    box.current?.setSelectionRange(done.cursor, done.cursor);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const one = offered[at];
    if (one && !event.ctrlKey && !event.metaKey) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) setAt((at + step + offered.length) % offered.length);
      if (event.key === "Enter" || event.key === "Tab") choose(one);
      if (event.key === "Escape") setAsked(null);
      if (step || ["Enter", "Tab", "Escape"].includes(event.key)) {
        event.preventDefault();
        event.stopPropagation();
        return;
      }
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      props.onSend();
    }
    if (event.key === "Escape") props.onCancel?.();
  };
  const [looking, setLooking] = useState(false);
  const preview = looking && value.trim() !== "";
  return (
    <div>
      {preview && (
        <section aria-label="Preview" className={styles.preview}>
          <Said project={props.project} text={value} />
        </section>
      )}
      <div className={styles.box} hidden={preview}>
        <TextArea
          ref={box}
          aria-label={props.label}
          aria-autocomplete="list"
          {...(offered.length ? { "aria-controls": list, "aria-activedescendant": `${list}-${at}` } : {})}
          placeholder={`${props.label}; @ calls somebody`}
          rows={props.rows ?? 3}
          value={value}
          autoFocus={props.autoFocus ?? false}
          onChange={(event) => {
            onChange(event.target.value);
            look(event.target.value);
          }}
          onClick={() => look(value)}
          onBlur={() => setAsked(null)}
          onKeyDown={onKeyDown}
        />
        {offered.length > 0 && (
          <div id={list} role="listbox" aria-label="People" className={styles.offers}>
            {offered.map((who, index) => (
              <div
                key={who.handle}
                id={`${list}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === at}
                className={styles.offer}
                onMouseDown={(event) => {
                  event.preventDefault();
                  choose(who);
                }}
              >
                <span>{who.name}</span> <span className={styles.handle}>@{who.handle}</span>
              </div>
            ))}
          </div>
        )}
      </div>
      <div className={styles.hint}>
        <span>
          <code>**bold**</code> <code>`text`</code> <code>- list</code>
        </span>
        <Button
          size="small"
          variant="quiet"
          aria-pressed={preview}
          disabled={value.trim() === ""}
          onClick={() => {
            setLooking(!preview);
            if (preview) requestAnimationFrame(() => box.current?.focus());
          }}
        >
          {preview ? "Go on writing" : "Preview"}
        </Button>
      </div>
    </div>
  );
}
