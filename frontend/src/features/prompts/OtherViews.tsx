import { useQuery } from "@tanstack/react-query";
import { formatBytes } from "@/lib/format";
import { Card } from "@/ui/Card";
import { DataList } from "@/ui/DataList";
import { Id } from "@/ui/Id";
import { type Column, Table } from "@/ui/Table";
import { FileLink } from "./FileLink";
import type { FileContent, JsonSchema } from "./files";
import { type FileEntry, filesQuery } from "./files";
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

interface AdapterOverview {
  config: Record<string, unknown> | null;
  card: Record<string, unknown> | null;
  weights: { sha256: string; size: number } | null;
}

/** An adapter's folder as one thing: its card, its shape, its weights. */
export function AdapterView({ project, file }: { project: string; file: FileContent }) {
  const overview = file.overview as AdapterOverview | null;
  const folder = file.path.slice(0, file.path.lastIndexOf("/"));
  if (!overview) return <Source file={file} />;
  const { config, card, weights } = overview;
  return (
    <div className={styles.columns}>
      <div className={styles.main}>
        <Card title="How it was made">
          {card ? <DataList items={pairs(card)} /> : <p>There is no card.yaml in {folder}.</p>}
        </Card>
        <Card title="Files" padding="none">
          <Folder project={project} refName={file.ref} folder={folder} />
        </Card>
      </div>
      <div className={styles.main}>
        <Card title="Shape">
          <DataList
            items={[
              ["Base model", config && shown(config["base_model_name_or_path"])],
              ["Rank", config && shown(config["r"])],
              ["Changes", config && [config["target_modules"]].flat().join(", ")],
              ["Weights", weights && formatBytes(weights.size)],
              ["SHA-256", weights && <Id key="sha" value={weights.sha256} length={12} label="hash" />],
            ]}
          />
        </Card>
        <Source file={file} title={file.path.slice(folder.length + 1)} />
      </div>
    </div>
  );
}

function pairs(card: Record<string, unknown>): [string, string][] {
  return Object.entries(card).map(([name, value]) => [name.replaceAll("_", " "), shown(value)]);
}

function Folder({ project, refName, folder }: { project: string; refName: string; folder: string }) {
  const files = useQuery(filesQuery(project, refName)).data?.items ?? [];
  const columns: Column<FileEntry>[] = [
    { key: "name", header: "File", cell: (row) => row.path.slice(folder.length + 1), primary: true },
    { key: "size", header: "Size", cell: (row) => formatBytes(row.size), align: "right", width: "110px" },
  ];
  return (
    <Table
      label={`Files of ${folder}`}
      columns={columns}
      rows={files.filter((row) => row.path.startsWith(`${folder}/`))}
      rowKey={(row) => row.path}
      rowLink={(row) => ({ to: "/p/$project/files/$", params: { project, _splat: row.path } })}
      listKeys={false}
    />
  );
}
