import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCan } from "@/api/session";
import { Button, ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Select, TextInput } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { Menu } from "@/ui/Menu";
import { Page } from "@/ui/Page";
import { SkeletonRows } from "@/ui/Skeleton";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { CloneButton } from "./CloneButton";
import { type FileEntry, filesQuery, KINDS, type Kind, MAIN, splitPath } from "./files";
import styles from "./Prompt.module.css";

interface Search {
  kind?: string;
  find?: string;
}

const ORDER: Kind[] = ["prompt", "config", "adapter", "suite", "schema", "doc", "other"];

const COLUMNS: Column<FileEntry>[] = [
  {
    key: "name",
    header: "Name",
    cell: (file) => <Name file={file} />,
    primary: true,
    sort: (file) => file.path,
  },
  {
    key: "kind",
    header: "Kind",
    cell: (file) => KINDS[file.kind].one,
    width: "110px",
    sort: (file) => file.kind,
  },
  {
    key: "change",
    header: "Last change",
    cell: (file) => file.changed?.subject,
    width: "34%",
    wideOnly: true,
  },
  { key: "by", header: "By", cell: (file) => file.changed?.author_name, width: "150px", wideOnly: true },
  {
    key: "at",
    header: "When",
    cell: (file) => <Time at={file.changed?.at} />,
    align: "right",
    width: "110px",
    sort: (file) => file.changed?.at,
  },
];

function Name({ file }: { file: FileEntry }) {
  const [folder, name] = splitPath(file.kind === "adapter" ? file.path.replace(/\/[^/]+$/, "") : file.path);
  return (
    <span className={styles.name}>
      <Icon name={KINDS[file.kind].icon} />
      <span>
        <span className={styles.folder}>{folder}</span>
        {name}
      </span>
    </span>
  );
}

export default function FilesPage() {
  const { project = "" } = useParams({ strict: false });
  return (
    <Page
      title="Prompts & files"
      description="Everything your models are told, and how it came to be. Changes are suggested as drafts."
      actions={
        <>
          <ButtonLink icon="history" to="/p/$project/commits" params={{ project }}>
            History
          </ButtonLink>
          <ButtonLink icon="tag" to="/p/$project/tags" params={{ project }}>
            Tags
          </ButtonLink>
          <CloneButton project={project} />
          <NewFile project={project} />
        </>
      }
    >
      <Card padding="none">
        <Files project={project} />
      </Card>
    </Page>
  );
}

export function NewFile({ project }: { project: string }) {
  const navigate = useNavigate();
  if (!useCan(project, "editor")) return null;
  const make = (template: string) =>
    void navigate({ to: "/p/$project/suggest", params: { project }, search: { template } });
  return (
    <Menu
      align="end"
      trigger={
        <Button variant="primary" icon="plus">
          New
        </Button>
      }
      groups={[
        {
          items: [
            { label: "Prompt", icon: "comment", onSelect: () => make("prompt") },
            { label: "Prompt with an answer in JSON", icon: "comment", onSelect: () => make("json") },
            { label: "Config", icon: "settings", onSelect: () => make("config") },
            { label: "Schema of a config", icon: "check", onSelect: () => make("schema") },
          ],
        },
        {
          items: [
            {
              label: "Import prompts from elsewhere",
              icon: "upload",
              onSelect: () => void navigate({ to: "/p/$project/import", params: { project } }),
            },
          ],
        },
      ]}
    />
  );
}

function Files({ project }: { project: string }) {
  const files = useQuery(filesQuery(project, MAIN));
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const narrow = (next: Search) =>
    void navigate({
      to: "/p/$project/files",
      params: { project },
      search: { ...search, ...next },
      replace: true,
    });
  if (files.isPending) return <SkeletonRows columns={4} />;
  if (files.isError) return <ErrorState error={files.error} retry={() => void files.refetch()} />;
  const rows = matching(files.data.items, search);
  return (
    <>
      <Filters
        search={search}
        onChange={narrow}
        kinds={ORDER.filter((kind) => has(files.data.items, kind))}
      />
      {rows.length > 0 ? (
        <Table
          label="Files"
          columns={COLUMNS}
          rows={rows}
          rowKey={(file) => file.path}
          rowLink={(file) => ({ to: "/p/$project/files/$", params: { project, _splat: file.path } })}
        />
      ) : (
        <NoMatch search={search} project={project} onClear={() => narrow({ kind: "", find: "" })} />
      )}
    </>
  );
}

function has(files: FileEntry[], kind: Kind): boolean {
  return files.some((file) => file.kind === kind);
}

function matching(files: FileEntry[], { kind, find }: Search): FileEntry[] {
  const wanted = find?.toLowerCase() ?? "";
  return files
    .filter(
      (file) => (!kind || file.kind === kind) && file.path.toLowerCase().includes(wanted) && shownAlone(file),
    )
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.path.localeCompare(b.path));
}

/** An adapter's folder is one thing, and what begins with a dot is for Git alone. */
function shownAlone(file: FileEntry): boolean {
  if (file.kind === "adapter") return file.path.endsWith("/adapter_config.json");
  return !splitPath(file.path)[1].startsWith(".");
}

interface FiltersProps {
  search: Search;
  onChange: (search: Search) => void;
  kinds: Kind[];
}

function Filters({ search, onChange, kinds }: FiltersProps) {
  return (
    <div className={styles.filters}>
      <TextInput
        type="search"
        aria-label="Find a file"
        placeholder="Find by name"
        value={search.find ?? ""}
        onChange={(event) => onChange({ find: event.target.value })}
      />
      <Select
        aria-label="Kind"
        options={[
          { value: "", label: "All kinds" },
          ...kinds.map((kind) => ({ value: kind, label: KINDS[kind].many })),
        ]}
        value={search.kind ?? ""}
        onChange={(event) => onChange({ kind: event.target.value })}
      />
    </div>
  );
}

function NoMatch({ search, project, onClear }: { search: Search; project: string; onClear: () => void }) {
  if (search.kind || search.find) {
    return (
      <Empty
        icon="filter"
        title="No file matches"
        action={<Button onClick={onClear}>Show all files</Button>}
      />
    );
  }
  return (
    <Empty icon="file" title="No files yet" action={<NewFile project={project} />}>
      Prompts, configs and adapters live here, with their whole history.
    </Empty>
  );
}
