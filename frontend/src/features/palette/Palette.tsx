import { useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useEffectEvent, useId, useRef, useState } from "react";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Icon } from "@/ui/Icon";
import { Kbd } from "@/ui/Kbd";
import { type Command, useCommands } from "./commands";
import { commandsOf, merged, useFound } from "./found";
import { best } from "./match";
import styles from "./Palette.module.css";

/** One field for everything: what the project has, places, other projects, acts. */
export default function Palette({ project, onClose }: { project: string; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState<string>();
  const [hurried, setHurried] = useState(false);
  const router = useRouter();
  const id = useId();
  const server = useFound(project, typed);
  const found = merged(commandsOf(server.items, typed), best(useCommands(project), typed), typed);
  const chosen = Math.max(
    0,
    found.findIndex((command) => command.id === at),
  );

  const run = (command: Command | undefined) => {
    if (!command) return;
    onClose();
    if (command.href) router.history.push(command.href);
    else command.run?.();
  };
  // Enter before the answer is there means the best of the answer, not what stood there by chance.
  const early = server.searching && at === undefined && typed.trim() !== "";
  const arrive = useEffectEvent(() => hurried && run(found[chosen]));
  useEffect(() => {
    if (!server.searching) arrive();
  }, [server.searching]);
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) setAt(found[(chosen + step + found.length) % found.length]?.id);
    else if (event.key === "Enter") {
      if (early) setHurried(true);
      else run(found[chosen]);
    } else return;
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
          placeholder="Search prompts, drafts, datasets, jobs, tags, people, pages…"
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(undefined);
            setHurried(false);
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
            onPoint={() => setAt(command.id)}
            onRun={() => run(command)}
          />
        ))}
      </div>
      <div role="status" className={styles.status}>
        {server.error ? (
          <span className={styles.failed}>
            The search failed; pages and actions still work.{" "}
            <Button size="small" onClick={server.retry}>
              Try again
            </Button>
          </span>
        ) : found.length > 0 ? null : server.searching ? (
          <p className={styles.none}>Searching…</p>
        ) : (
          <p className={styles.none}>Nothing fits “{typed}”.</p>
        )}
      </div>
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
