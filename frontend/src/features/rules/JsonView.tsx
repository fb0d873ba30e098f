import { useState } from "react";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CodeEditor } from "@/ui/CodeEditor";
import { Stack } from "@/ui/Page";
import { toast } from "@/ui/Toast";
import { asText, isObject, type RuleDocument, same } from "./document";
import { Faults } from "./Faults";
import { lintJson, parsed } from "./RuleDialog";
import styles from "./Rules.module.css";
import type { Shared } from "./shared";

/** The whole document as flagd writes it: to read, to edit, to take from a file and to save to one. */
export function JsonView({ project, environment, document, faults, may, onChange }: Shared) {
  const [text, setText] = useState(() => asText(document));
  const [shown, setShown] = useState(document);
  if (shown !== document) {
    // Changed elsewhere: what is typed here stays as it is typed while it says the same.
    setShown(document);
    const read = documentIn(text);
    if (!read || !same(read, document)) setText(asText(document));
  }
  const type = (next: string) => {
    setText(next);
    const read = documentIn(next);
    if (read) onChange(read);
  };
  const take = async (file: File | undefined) => {
    if (!file) return;
    const given = await file.text();
    if (documentIn(given)) type(given);
    else toast("This file is no document of rules: it needs an object with “flags”", { tone: "bad" });
  };
  return (
    <Card
      title="The document"
      description="As flagd writes flags. Both views show the same document."
      actions={
        <span className={styles.adds}>
          {may && (
            <label className={styles.file}>
              Take from a file
              <input
                type="file"
                accept="application/json,.json"
                onChange={(event) => {
                  void take(event.target.files?.[0]);
                  event.target.value = "";
                }}
              />
            </label>
          )}
          <Button icon="download" onClick={() => download(`${project}-${environment}.flagd.json`, text)}>
            Save to a file
          </Button>
        </span>
      }
    >
      <Stack gap={2}>
        <CodeEditor
          label="The document of rules as JSON"
          language="json"
          value={text}
          onChange={type}
          readOnly={!may}
          lint={lint}
          minHeight={420}
        />
        <Faults faults={faults.map((fault) => ({ ...fault, detail: `${fault.where}: ${fault.detail}` }))} />
      </Stack>
    </Card>
  );
}

function documentIn(text: string): RuleDocument | null {
  const read = parsed(text);
  return read.ok && isObject(read.value) && isObject(read.value["flags"])
    ? (read.value as RuleDocument)
    : null;
}

function lint(text: string) {
  const found = lintJson(text);
  return found.length || documentIn(text)
    ? found
    : [
        {
          line: 1,
          column: 1,
          message: "A document of rules is an object with “flags”, an object of rules by key.",
        },
      ];
}

function download(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = window.document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
