import { useState } from "react";
import { Button, IconButton } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field, Form, Select, TextInput } from "@/ui/Field";
import { Menu } from "@/ui/Menu";
import { toastProblem } from "@/ui/Toast";
import type { Draft } from "./drafts";
import { pathProblem, TEMPLATES } from "./templates";
import { type UnsavedText, useTextCalls } from "./together/texts";
import type { OpenText } from "./together/useSharedText";

interface FileMenuProps {
  project: string;
  draft: Draft;
  path: string | undefined;
  paths: string[];
  unsaved: UnsavedText[];
  open: OpenText;
  onPick: (path: string) => void;
}

/** New file, rename, delete: all of them take effect with the next save, for everybody. */
export function FileMenu({ project, draft, path, paths, unsaved, open, onPick }: FileMenuProps) {
  const [asking, setAsking] = useState<"new" | "rename">();
  const calls = useTextCalls(project, draft.number);
  const close = () => setAsking(undefined);
  const deleted = unsaved.some((item) => item.path === path && item.deleted);
  const shared = open.shared;
  const create = async (to: string, text: string) => {
    await calls.open(to, text);
    onPick(to);
    close();
  };
  const rename = async (to: string) => {
    if (!shared) return;
    await shared.flush();
    await create(to, shared.now());
    await calls.mark(shared.id, true);
  };
  const remove = () => shared && void calls.mark(shared.id, true).catch(toastProblem);
  return (
    <>
      <Button icon="plus" onClick={() => setAsking("new")}>
        New file
      </Button>
      {path && shared && !deleted && (
        <Menu
          trigger={<IconButton icon="more" label="More on this file" />}
          groups={[
            {
              items: [
                { label: "Rename", icon: "edit", onSelect: () => setAsking("rename") },
                { label: "Delete", icon: "trash", danger: true, onSelect: remove },
              ],
            },
          ]}
        />
      )}
      <Dialog open={asking === "new"} onClose={close} title="New file">
        <NewFileForm paths={paths} onCreate={(to, text) => void create(to, text).catch(toastProblem)} />
      </Dialog>
      <Dialog open={asking === "rename"} onClose={close} title={`Rename ${path}`}>
        <RenameForm path={path ?? ""} paths={paths} onRename={(to) => void rename(to).catch(toastProblem)} />
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
