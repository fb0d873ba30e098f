import { useId, useRef, useState } from "react";
import type { ApiProblem } from "@/api/problem";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Checkbox, Field, Select, TextInput } from "@/ui/Field";
import { Stack } from "@/ui/Page";
import styles from "./Imports.module.css";
import { type PromptImport, SYSTEMS, type System, textsOf } from "./imports";

/** What somebody chose; `id` changes with the files. */
export interface Chosen extends PromptImport {
  id: number;
}

interface Props {
  value: Chosen;
  onChange: (value: Chosen) => void;
}

export function ChooseFiles({ value, onChange, problem }: Props & { problem: ApiProblem | undefined }) {
  const kind = SYSTEMS.find((one) => one.value === value.system);
  const system = (next: string) =>
    onChange({ ...value, system: next as System, files: [], id: value.id + 1 });
  return (
    <Card title="Where they are">
      <Stack>
        <Field label="Made with" hint={kind?.hint}>
          <Select options={SYSTEMS} value={value.system} onChange={(event) => system(event.target.value)} />
        </Field>
        <Pick key={value.system} value={value} onChange={onChange} />
        <div className={styles.fields}>
          <Field label="Folder" optional hint="Below prompts/, for example support.">
            <TextInput
              value={value.into ?? ""}
              maxLength={200}
              onChange={(event) => onChange({ ...value, into: event.target.value.trim() })}
            />
          </Field>
          <Field
            label="Provider"
            optional
            error={problem?.field("provider")}
            hint="For models that are named without one, for example openai."
          >
            <TextInput
              value={value.provider ?? ""}
              maxLength={63}
              onChange={(event) => onChange({ ...value, provider: event.target.value.trim() })}
            />
          </Field>
        </div>
        <Checkbox
          label="Only the newest version of each prompt"
          checked={value.newest ?? false}
          onChange={(event) => onChange({ ...value, newest: event.target.checked })}
        />
      </Stack>
    </Card>
  );
}

function Pick({ value, onChange }: Props) {
  const [fault, setFault] = useState("");
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const error = useId();
  const kind = SYSTEMS.find((one) => one.value === value.system);
  if (!kind) return null;
  const take = async (input: HTMLInputElement) => {
    const list = [...(input.files ?? [])];
    input.value = ""; // so that the same file, mended, can be chosen again
    if (list.length === 0) return;
    const read = await textsOf(list, kind).catch((problem: Error) => problem);
    const failed = read instanceof Error;
    setFault(failed ? read.message : "");
    onChange({ ...value, files: failed ? [] : read, id: value.id + 1 });
  };
  const word = value.files.length === 1 ? value.files[0]?.path : plural(value.files.length, "file");
  return (
    <div>
      <div className={styles.choice}>
        <Button icon="upload" aria-describedby={error} onClick={() => files.current?.click()}>
          Choose files
        </Button>
        {kind.folder && (
          <Button icon="upload" aria-describedby={error} onClick={() => folder.current?.click()}>
            Choose a folder
          </Button>
        )}
        <span className={styles.chosen}>{value.files.length > 0 ? word : kind.endings.join(", ")}</span>
      </div>
      <p id={error} role="alert" className={styles.fault}>
        {fault}
      </p>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label="Files to import"
        accept={kind.endings.join(",")}
        onChange={(event) => void take(event.target)}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label="Folder to import"
        {...{ webkitdirectory: "" }}
        onChange={(event) => void take(event.target)}
      />
    </div>
  );
}
