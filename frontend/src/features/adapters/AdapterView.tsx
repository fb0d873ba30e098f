import { useQuery } from "@tanstack/react-query";
import { FileLink } from "@/features/prompts/FileLink";
import { type FileContent, filesQuery } from "@/features/prompts/files";
import { Source } from "@/features/prompts/PromptView";
import { formatBytes } from "@/lib/format";
import { Card } from "@/ui/Card";
import { CodeView } from "@/ui/CodeView";
import { DataList } from "@/ui/DataList";
import { Id } from "@/ui/Id";
import { type Column, Table } from "@/ui/Table";
import styles from "./Adapters.module.css";
import { type AdapterOverview, cardGroups, snippet } from "./adapters";
import { Export } from "./Export";
import { Lineage } from "./Lineage";
import { Live } from "./Live";

/** An adapter's folder as one thing: its lineage, its card, its shape, how to load it. */
export function AdapterView({ project, file }: { project: string; file: FileContent }) {
  const overview = file.overview as AdapterOverview | null;
  const folder = file.path.slice(0, file.path.lastIndexOf("/"));
  if (!overview) return <Source file={file} />;
  return (
    <div className={styles.page}>
      {overview.weights && <Lineage project={project} refName={file.ref} folder={folder} />}
      <div className={styles.columns}>
        <div className={styles.main}>
          <HowMade project={project} file={file} folder={folder} overview={overview} />
          {overview.weights && <Live project={project} folder={folder} />}
          {overview.weights && overview.config && (
            <Export project={project} folder={folder} refName={file.ref} />
          )}
        </div>
        <div className={styles.main}>
          <Shape overview={overview} />
          <Card
            title="Load it elsewhere"
            description="The usual libraries, unchanged, with this server as their hub."
          >
            <CodeView
              text={snippet(window.location.origin, project, folder, file.ref)}
              label="How to load it"
              wrap
            />
          </Card>
          <Card title="Files" padding="none">
            <Folder project={project} refName={file.ref} folder={folder} />
          </Card>
          <Source file={file} title={file.path.slice(folder.length + 1)} />
        </div>
      </div>
    </div>
  );
}

interface PartProps {
  project: string;
  file: FileContent;
  folder: string;
  overview: AdapterOverview;
}

function HowMade({ project, file, folder, overview }: PartProps) {
  if (!overview.card) {
    return (
      <Card title="How it was made">
        <p>
          Nobody wrote it down. A file <code>{folder}/card.yaml</code> would say: base model, data,
          parameters, licence.
        </p>
      </Card>
    );
  }
  return (
    <Card title="How it was made">
      {cardGroups(overview.card).map((group) => (
        <div key={group.title} className={styles.group}>
          {group.title && <h3>{group.title}</h3>}
          <DataList items={group.items} />
        </div>
      ))}
      <p className={styles.written}>
        As written in <FileLink project={project} path={`${folder}/card.yaml`} ref_={file.ref} />
      </p>
    </Card>
  );
}

function Shape({ overview: { config, weights } }: { overview: AdapterOverview }) {
  const targets = [config?.["target_modules"] ?? []].flat().join(", ");
  return (
    <Card title="Shape">
      <DataList
        items={[
          ["Base model", config && String(config["base_model_name_or_path"])],
          ["Rank", config && String(config["r"])],
          ["Changes", targets || null],
          ["Weights", weights && formatBytes(weights.size)],
          ["SHA-256", weights && <Id key="sha" value={weights.sha256} length={12} label="hash" />],
        ]}
      />
    </Card>
  );
}

interface Row {
  path: string;
  size: number;
}

function Folder({ project, refName, folder }: { project: string; refName: string; folder: string }) {
  const files = useQuery(filesQuery(project, refName)).data?.items ?? [];
  const columns: Column<Row>[] = [
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
