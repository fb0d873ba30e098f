import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { fileQuery } from "@/features/prompts/files";
import { Button, IconButton } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field, Form, Select, TextInput } from "@/ui/Field";
import { Menu } from "@/ui/Menu";
import { toastProblem } from "@/ui/Toast";
import type { Files } from "./drafts";
import { pathProblem, TEMPLATES } from "./templates";

interface FileMenuProps {
  project: string;
  head: string;
  path: string | undefined;
  paths: string[];
  edits: Files;
  onEdit: (changes: Files) => void;
  onPick: (path: string) => void;
}

/** New file, rename, delete: all of them take effect with the next save. */
export function FileMenu({ project, head, path, paths, edits, onEdit, onPick }: FileMenuProps) {
  const [asking, setAsking] = useState<"new" | "rename">();
  const queries = useQueryClient();
  const close = () => setAsking(undefined);
  const rename = async (to: string) => {
    if (!path) return;
    try {
      const text = edits[path] ?? (await queries.fetchQuery(fileQuery(project, head, path))).text ?? "";
      onEdit({ [path]: null, [to]: text });
      onPick(to);
      close();
    } catch (error) {
      toastProblem(error);
    }
  };
  const create = (to: string, text: string) => {
    onEdit({ [to]: text });
    onPick(to);
    close();
  };
  return (
    <>
      <Button icon="plus" onClick={() => setAsking("new")}>
        New file
      </Button>
      {path && edits[path] !== null && (
        <Menu
          trigger={<IconButton icon="more" label="More on this file" />}
          groups={[
            {
              items: [
                { label: "Rename", icon: "edit", onSelect: () => setAsking("rename") },
                { label: "Delete", icon: "trash", danger: true, onSelect: () => onEdit({ [path]: null }) },
              ],
            },
          ]}
        />
      )}
      <Dialog open={asking === "new"} onClose={close} title="New file">
        <NewFileForm paths={paths} onCreate={create} />
      </Dialog>
      <Dialog open={asking === "rename"} onClose={close} title={`Rename ${path}`}>
        <RenameForm path={path ?? ""} paths={paths} onRename={(to) => void rename(to)} />
      </Dialog>
    </>
  );
}

function NewFileForm({
  paths,
  onCreate,
}: {
  paths: string[];
  onCreate: (path: string, text: string) => void;
}) {
  const [kind, setKind] = useState("prompt");
  const template = TEMPLATES[kind] ?? TEMPLATES["prompt"];
  const [typed, setTyped] = useState<string>();
  const path = typed ?? template?.path ?? "";
  const wrong = pathProblem(path, paths);
  return (
    <Form
      onSubmit={() => !wrong && onCreate(path, template?.text ?? "")}
      actions={
        <Button variant="primary" type="submit" disabled={Boolean(wrong)}>
          Add the file
        </Button>
      }
    >
      <Field label="Start from">
        <Select
          options={Object.entries(TEMPLATES).map(([value, one]) => ({ value, label: one.label }))}
          value={kind}
          onChange={(event) => setKind(event.target.value)}
        />
      </Field>
      <Field label="Path" error={typed === undefined ? undefined : wrong}>
        <TextInput value={path} spellCheck={false} onChange={(event) => setTyped(event.target.value)} />
      </Field>
    </Form>
  );
}

function RenameForm({
  path,
  paths,
  onRename,
}: {
  path: string;
  paths: string[];
  onRename: (to: string) => void;
}) {
  const [to, setTo] = useState(path);
  const wrong = pathProblem(to, paths);
  return (
    <Form
      onSubmit={() => !wrong && onRename(to)}
      actions={
        <Button variant="primary" type="submit" disabled={Boolean(wrong)}>
          Rename
        </Button>
      }
    >
      <Field label="New path" error={to === path ? undefined : wrong}>
        <TextInput value={to} spellCheck={false} autoFocus onChange={(event) => setTo(event.target.value)} />
      </Field>
    </Form>
  );
}
