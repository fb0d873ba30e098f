import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, Select, TextInput } from "@/ui/Field";
import { toast } from "@/ui/Toast";
import type { Mapping, Preview, Reading, Upload } from "./datasets";

interface ImportFormProps {
  project: string;
  upload: Upload;
  preview: Preview | undefined;
  reading: Reading;
  onReading: (reading: Reading) => void;
  /** A dataset that gets a new version; without it a new dataset is made. */
  into?: string;
}

/** What is what in the file, and where it goes. */
export function ImportForm({ project, upload, preview, reading, onReading, into }: ImportFormProps) {
  const [name, setName] = useState(upload.filename.replace(/\.\w+$/, ""));
  const [mapping, setMapping] = useState<Mapping | null>(preview?.mapping ?? null);
  const [perLabel, setPerLabel] = useState("");
  const [labels, setLabels] = useState("");
  const navigate = useNavigate();
  const queries = useQueryClient();
  const start = useMutation({
    mutationFn: () =>
      take(
        client.POST("/api/v1/projects/{project}/uploads/{upload}/import", {
          params: { path: { project, upload: upload.id } },
          body: {
            ...(into ? { dataset: into } : { name }),
            description: "",
            reading: reading as never,
            ...(mapping && !preview?.native ? { mapping } : {}),
            ...subsetOf(perLabel, labels),
          },
        }),
      ),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: [project, "datasets"] });
      if (made.job) {
        toast("The import runs as a job");
        void navigate({
          to: "/p/$project/jobs/$number",
          params: { project, number: String(made.job.number) },
        });
      } else if (made.dataset) {
        toast(made.created ? "Imported" : "The newest version has the same content already");
        void navigate({ to: "/p/$project/datasets/$dataset", params: { project, dataset: made.dataset } });
      }
    },
  });
  const problem = start.error ? toProblem(start.error) : undefined;
  const columns = preview?.columns.map((column) => column.name) ?? [];
  return (
    <Card title="What is what">
      <Form
        onSubmit={() => start.mutate()}
        actions={
          <Button
            variant="primary"
            type="submit"
            loading={start.isPending}
            disabled={!preview || (mapping !== null && mapping.input.length === 0)}
          >
            Import
          </Button>
        }
      >
        {!into && (
          <Field label="Name" error={problem?.field("name")}>
            <TextInput value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
          </Field>
        )}
        {mapping && !preview?.native && (
          <MappingFields columns={columns} mapping={mapping} onChange={setMapping} />
        )}
        {preview?.native && <p>This is one of our own exports: the columns are known.</p>}
        <Field
          label="Only these labels"
          optional
          hint="Parted by commas. Empty takes all."
          error={problem?.field("subset")}
        >
          <TextInput value={labels} onChange={(event) => setLabels(event.target.value)} />
        </Field>
        <Field label="At most per label" optional>
          <TextInput
            inputMode="numeric"
            value={perLabel}
            onChange={(event) => setPerLabel(event.target.value.replace(/\D/g, ""))}
          />
        </Field>
        {preview && <ReadingFields preview={preview} reading={reading} onReading={onReading} />}
        <FormError error={start.error} />
      </Form>
    </Card>
  );
}

function subsetOf(perLabel: string, labels: string) {
  const wanted = labels
    .split(",")
    .map((label) => label.trim())
    .filter(Boolean);
  if (!perLabel && wanted.length === 0) return {};
  return {
    subset: {
      seed: 0,
      ...(wanted.length > 0 ? { labels: wanted } : {}),
      ...(perLabel ? { per_label: Number(perLabel) } : {}),
    },
  };
}

interface MappingProps {
  columns: string[];
  mapping: Mapping;
  onChange: (mapping: Mapping) => void;
}

function MappingFields({ columns, mapping, onChange }: MappingProps) {
  const toggle = (column: string, on: boolean) =>
    onChange({
      ...mapping,
      input: columns.filter((name) => (name === column ? on : mapping.input.includes(name))),
    });
  return (
    <>
      <fieldset style={{ border: 0, padding: 0, display: "grid", gap: 8 }}>
        <legend style={{ fontWeight: 500, marginBottom: 4 }}>Input columns</legend>
        {columns.map((column) => (
          <Checkbox
            key={column}
            label={column}
            checked={mapping.input.includes(column)}
            onChange={(event) => toggle(column, event.target.checked)}
          />
        ))}
      </fieldset>
      <Field label="Expected answer" optional hint="What a good answer is compared with.">
        <Select
          placeholder="None"
          options={columns.map((column) => ({ value: column, label: column }))}
          value={mapping.expected ?? ""}
          onChange={(event) =>
            onChange({
              ...mapping,
              expected: event.target.value || null,
              input: mapping.input.filter((name) => name !== event.target.value),
            })
          }
        />
      </Field>
    </>
  );
}

const DELIMITERS = [
  { value: ",", label: "Comma" },
  { value: ";", label: "Semicolon" },
  { value: "\t", label: "Tab" },
  { value: "|", label: "Bar" },
];
const ENCODINGS = ["utf-8", "cp1252", "iso-8859-15", "utf-16"].map((value) => ({ value, label: value }));

interface ReadingProps {
  preview: Preview;
  reading: Reading;
  onReading: (reading: Reading) => void;
}

function ReadingFields({ preview, reading, onReading }: ReadingProps) {
  const known = ENCODINGS.some((item) => item.value === preview.encoding);
  const encodings = known ? ENCODINGS : [{ value: preview.encoding, label: preview.encoding }, ...ENCODINGS];
  return (
    <details>
      <summary>How the file is read</summary>
      <div style={{ display: "grid", gap: 12, paddingTop: 12 }}>
        <Field label="Encoding" optional>
          <Select
            options={encodings}
            value={preview.encoding}
            onChange={(event) => onReading({ ...reading, encoding: event.target.value })}
          />
        </Field>
        {preview.delimiter && (
          <>
            <Field label="Columns are parted by" optional>
              <Select
                options={DELIMITERS}
                value={preview.delimiter}
                onChange={(event) => onReading({ ...reading, delimiter: event.target.value })}
              />
            </Field>
            <Checkbox
              label="The first line names the columns"
              checked={preview.header}
              onChange={(event) => onReading({ ...reading, header: event.target.checked })}
            />
          </>
        )}
      </div>
    </details>
  );
}
