import { type ReactNode, useState } from "react";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CodeView } from "@/ui/CodeView";
import { DataList } from "@/ui/DataList";
import { languageOf } from "@/ui/syntax";
import { type Column, Table } from "@/ui/Table";
import { FileLink } from "./FileLink";
import type { FileContent, PromptOverview } from "./files";
import styles from "./Prompt.module.css";
import { RenderedPrompt } from "./RenderedPrompt";
import { settingName } from "./settings";
import { VariablesForm } from "./VariablesForm";
import { exampleValues, type Variable, variablesOf } from "./variables";

/** A prompt as a reader meets it: its messages filled in, beside the source; settings and variables below. */
export function PromptView({ project, file }: { project: string; file: FileContent }) {
  const overview = file.overview as PromptOverview | null;
  if (!overview) return <Source file={file} />;
  return (
    <div className={styles.columns}>
      <div className={styles.main}>
        <Messages key={file.path + file.commit} project={project} file={file} overview={overview} />
      </div>
      <div className={styles.main}>
        <Source file={file} />
        <Settings project={project} file={file} overview={overview} />
        <Variables overview={overview} />
      </div>
    </div>
  );
}

function Messages({
  project,
  file,
  overview,
}: {
  project: string;
  file: FileContent;
  overview: PromptOverview;
}) {
  const variables = variablesOf(overview);
  const [values, setValues] = useState(() => exampleValues(overview));
  const reset = () => setValues(exampleValues(overview));
  return (
    <Card title="What the model gets" padding="none">
      <RenderedPrompt project={project} path={file.path} ref_={file.commit} variables={values} />
      {variables.length > 0 && (
        <div className={styles.form}>
          <div className={styles.formHead}>
            <h3>Fill the variables</h3>
            <Button size="small" variant="quiet" icon="undo" onClick={reset}>
              Reset
            </Button>
          </div>
          <VariablesForm variables={variables} values={values} onChange={setValues} />
        </div>
      )}
    </Card>
  );
}

export function Source({ file, title = "Source" }: { file: FileContent; title?: string }) {
  if (file.text === null) {
    return (
      <Card title={title}>
        <p>This file is not text and is not shown.</p>
      </Card>
    );
  }
  return (
    <Card title={title} padding="none">
      <CodeView
        label={`Source of ${file.path}`}
        language={languageOf(file.path)}
        text={file.text}
        lines
        wrap
      />
    </Card>
  );
}

function Settings({
  project,
  file,
  overview,
}: {
  project: string;
  file: FileContent;
  overview: PromptOverview;
}) {
  const { model, adapter, config, output } = overview;
  const rows: [string, ReactNode][] = [
    ["Model", model ? <code key="model">{model}</code> : "chosen by the caller"],
    ...(adapter ? [adapterRow(project, file, adapter)] : []),
    ...Object.entries(config).map(([name, value]): [string, string] => [
      settingName(name) ?? name.replaceAll("_", " "),
      shown(value),
    ]),
    ...(output.format ? [["answer as", output.format] as [string, string]] : []),
  ];
  return (
    <Card title="Settings">
      <DataList items={rows} />
    </Card>
  );
}

function adapterRow(project: string, file: FileContent, path: string): [string, ReactNode] {
  const link = (
    <FileLink key="adapter" project={project} path={`${path}/adapter_config.json`} ref_={file.ref}>
      {path}
    </FileLink>
  );
  return ["Adapter", link];
}

const COLUMNS: Column<Variable>[] = [
  { key: "name", header: "Variable", cell: (row) => <code>{row.name}</code>, primary: true, width: "28%" },
  { key: "type", header: "Type", cell: (row) => row.type, width: "24%" },
  { key: "need", header: "Needed", cell: (row) => (row.required ? "yes" : "no"), width: "72px" },
  {
    key: "about",
    header: "About",
    cell: (row) => (row.used ? row.description : <Badge>not used in the text</Badge>),
  },
];

function Variables({ overview }: { overview: PromptOverview }) {
  const variables = variablesOf(overview);
  if (variables.length === 0) return null;
  return (
    <Card title="Variables" padding="none">
      <Table
        label="Variables"
        columns={COLUMNS}
        rows={variables}
        rowKey={(row) => row.name}
        listKeys={false}
      />
    </Card>
  );
}

export function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
