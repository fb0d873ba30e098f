import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, take } from "@/api/client";
import { filesQuery, MAIN, type PromptOverview } from "@/features/prompts/files";
import { Card } from "@/ui/Card";
import { Field, Select, TextInput } from "@/ui/Field";
import { toastProblem } from "@/ui/Toast";
import styles from "./Drafts.module.css";

interface SettingsFormProps {
  project: string;
  path: string;
  refName: string;
  text: string;
  overview: PromptOverview;
  onChange: (text: string) => void;
}

type Path = string[];

/** The front matter's settings as fields; each edits the text in place, comments and layout stay. */
export function SettingsForm({ project, path, refName, text, overview, onChange }: SettingsFormProps) {
  const edit = useMutation({
    mutationFn: (change: { key: Path; value: unknown }) =>
      take(
        client.POST("/api/v1/projects/{project}/edit", {
          params: { path: { project } },
          body: { path, ref: refName, content: text, changes: [change] },
        }),
      ),
    onSuccess: (answer) => onChange(answer.content),
    onError: toastProblem,
  });
  const set = (key: Path) => (value: unknown) => edit.mutate({ key, value });
  const { config } = overview;
  return (
    <Card title="Settings">
      <div className={styles.settings} role="group" aria-label="Settings">
        <Setting label="Model" value={overview.model} onSet={set(["model"])} />
        <Setting
          label="Temperature"
          number
          value={config["temperature"]}
          onSet={set(["config", "temperature"])}
        />
        <Setting
          label="Longest answer, in tokens"
          number
          value={config["max_output_tokens"]}
          onSet={set(["config", "max_output_tokens"])}
        />
        <AdapterSetting project={project} value={overview.adapter} onSet={set(["variorum.adapter"])} />
      </div>
    </Card>
  );
}

interface SettingProps {
  label: string;
  value: unknown;
  number?: boolean;
  onSet: (value: unknown) => void;
}

/** Takes effect when one leaves the field or presses Enter. */
function Setting({ label, value, number = false, onSet }: SettingProps) {
  const shown = value === null || value === undefined ? "" : String(value);
  const [typed, setTyped] = useState<string>();
  const apply = () => {
    setTyped(undefined);
    if (typed === undefined || typed === shown) return;
    const empty = typed.trim() === "";
    onSet(empty ? null : number && !Number.isNaN(Number(typed)) ? Number(typed) : typed);
  };
  return (
    <Field label={label} optional>
      <TextInput
        inputMode={number ? "decimal" : "text"}
        value={typed ?? shown}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={apply}
        onKeyDown={(event) => event.key === "Enter" && apply()}
      />
    </Field>
  );
}

function AdapterSetting({
  project,
  value,
  onSet,
}: {
  project: string;
  value: string | null;
  onSet: (value: unknown) => void;
}) {
  const files = useQuery(filesQuery(project, MAIN)).data?.items ?? [];
  const folders = files.flatMap((file) =>
    file.path.endsWith("/adapter_config.json") ? [file.path.replace(/\/[^/]+$/, "")] : [],
  );
  const all = value && !folders.includes(value) ? [...folders, value] : folders;
  if (all.length === 0) return null;
  return (
    <Field label="Adapter" optional>
      <Select
        placeholder="none"
        options={all.map((folder) => ({ value: folder, label: folder.replace(/^adapters\//, "") }))}
        value={value ?? ""}
        onChange={(event) => onSet(event.target.value || null)}
      />
    </Field>
  );
}
