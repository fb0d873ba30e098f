import { useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { cx } from "@/lib/cx";
import { Dialog } from "@/ui/Dialog";
import { Icon } from "@/ui/Icon";
import { Kbd } from "@/ui/Kbd";
import { type Command, useCommands } from "./commands";
import { best } from "./match";
import styles from "./Palette.module.css";

/** One field for everything: places, files, drafts, jobs, projects, acts. */
export default function Palette({ project, onClose }: { project: string; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const router = useRouter();
  const id = useId();
  const found = best(useCommands(project), typed);
  const chosen = Math.min(at, found.length - 1);

  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    if (command.href) router.history.push(command.href);
    else command.run?.();
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) setAt((chosen + step + found.length) % found.length);
    else if (event.key === "Enter") run(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog open onClose={onClose} title="Search and commands" shape="top" hideTitle>
      <div className={styles.field}>
        <Icon name="search" />
        <input
          role="combobox"
          aria-label="Search and commands"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={found[chosen] ? `${id}-${found[chosen].id}` : undefined}
          aria-autocomplete="list"
          autoFocus
          placeholder="Search prompts, drafts, jobs, pages, actions…"
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
        <Kbd keys="Escape" />
      </div>
      <div id={`${id}-list`} role="listbox" aria-label="Found" className={styles.list}>
        {found.map((command, index) => (
          <Row
            key={command.id}
            id={`${id}-${command.id}`}
            command={command}
            heading={found[index - 1]?.group !== command.group}
            chosen={index === chosen}
            onPoint={() => setAt(index)}
            onRun={() => run(command)}
          />
        ))}
      </div>
      {found.length === 0 && <p className={styles.none}>Nothing fits “{typed}”.</p>}
    </Dialog>
  );
}

interface RowProps {
  id: string;
  command: Command;
  heading: boolean;
  chosen: boolean;
  onPoint: () => void;
  onRun: () => void;
}

function Row({ id, command, heading, chosen, onPoint, onRun }: RowProps) {
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (chosen) row.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    <>
      {heading && (
        <div role="presentation" className={styles.heading}>
          {command.group}
        </div>
      )}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field, aria-activedescendant points here */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: Enter in the field runs it */}
      <div
        ref={row}
        id={id}
        role="option"
        aria-selected={chosen}
        className={cx(styles.row, chosen && styles.chosen)}
        onPointerMove={onPoint}
        onClick={onRun}
      >
        <Icon name={command.icon} />
        <span className={styles.label}>{command.label}</span>
        {command.hint && <span className={styles.hint}>{command.hint}</span>}
        {command.keys && <Kbd keys={command.keys} />}
      </div>
    </>
  );
}
