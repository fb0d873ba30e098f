import { type DragEvent, useRef, useState } from "react";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import styles from "./Datasets.module.css";

interface FileDropProps {
  busy: boolean;
  onFile: (file: File) => void;
}

/** A place for a file: dropped, or chosen with the button. */
export function FileDrop({ busy, onFile }: FileDropProps) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) onFile(file);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra; the button does the same by keyboard
    <div
      className={cx(styles.drop, over && styles.over)}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Icon name="upload" size={20} />
      <div>Drop a CSV, TSV, JSON or JSON lines file here, or</div>
      <input
        ref={input}
        type="file"
        accept=".csv,.tsv,.txt,.json,.jsonl,.ndjson"
        aria-label="File to import"
        className="visually-hidden"
        tabIndex={-1}
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file) onFile(file);
        }}
      />
      <Button variant="primary" loading={busy} onClick={() => input.current?.click()}>
        Choose a file
      </Button>
    </div>
  );
}
