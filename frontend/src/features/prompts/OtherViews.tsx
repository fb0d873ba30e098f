import { Card } from "@/ui/Card";
import { type Column, Table } from "@/ui/Table";
import { FileLink } from "./FileLink";
import type { FileContent, JsonSchema } from "./files";
import styles from "./Prompt.module.css";
import { Source, shown } from "./PromptView";
import { typeWords } from "./variables";

interface ConfigOverview {
  value: unknown;
  schema: JsonSchema | null;
}

interface Setting {
  name: string;
  value: string;
  type: string;
  about: string;
}

const SETTINGS: Column<Setting>[] = [
  { key: "name", header: "Setting", cell: (row) => <code>{row.name}</code>, primary: true, width: "32%" },
  { key: "value", header: "Value", cell: (row) => row.value, width: "24%" },
  { key: "type", header: "Type", cell: (row) => row.type, width: "18%", wideOnly: true },
  { key: "about", header: "About", cell: (row) => row.about, wideOnly: true },
];

/** A config: its settings as a table beside its text. */
export function ConfigView({ project, file }: { project: string; file: FileContent }) {
  const overview = file.overview as ConfigOverview | null;
  const rows = overview ? settingsOf(overview) : [];
  if (rows.length === 0) return <Source file={file} />;
  const schema = file.path.replace(/\.yaml$/, ".schema.json");
  return (
    <div className={styles.columns}>
      <Card title="Settings" padding="none">
        <Table label="Settings" columns={SETTINGS} rows={rows} rowKey={(row) => row.name} listKeys={false} />
      </Card>
      <div className={styles.main}>
        <Source file={file} />
        {overview?.schema && (
          <p className={styles.notice}>
            Held by <FileLink project={project} path={schema} ref_={file.ref} />
          </p>
        )}
      </div>
    </div>
  );
}

function settingsOf({ value, schema }: ConfigOverview): Setting[] {
  if (!value || typeof value !== "object" || Array.isArray(value)) return [];
  return Object.entries(value).map(([name, one]) => ({
    name,
    value: shown(one),
    type: typeWords(schema?.properties?.[name] ?? {}),
    about: schema?.properties?.[name]?.description ?? "",
  }));
}
