import { useMutation, useQuery } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { Page } from "@/ui/Page";
import { SkeletonRows } from "@/ui/Skeleton";
import styles from "./Datasets.module.css";
import { previewQuery, type Reading, sendFile, type Upload } from "./datasets";
import { FileDrop } from "./FileDrop";
import { ImportForm } from "./ImportForm";
import { PreviewTable } from "./PreviewTable";

export default function ImportPage() {
  const { project = "" } = useParams({ strict: false });
  const { into } = useSearch({ strict: false });
  const [upload, setUpload] = useState<Upload | null>(null);
  const send = useMutation({ mutationFn: (file: File) => sendFile(project, file), onSuccess: setUpload });
  return (
    <Page
      title={into ? "Import a new version" : "Import a dataset"}
      description={
        upload ? upload.filename : "Nothing is stored as a dataset before you have seen a preview."
      }
      breadcrumb={[{ label: "Datasets", to: "/p/$project/datasets", params: { project } }]}
      actions={upload && <Button onClick={() => setUpload(null)}>Choose another file</Button>}
      width="full"
    >
      {!upload && <FileDrop busy={send.isPending} onFile={(file) => send.mutate(file)} />}
      {send.isError && !upload && <ErrorState error={send.error} title="The file was not taken" />}
      {upload && <Wizard key={upload.id} project={project} upload={upload} {...(into ? { into } : {})} />}
    </Page>
  );
}

function Wizard({ project, upload, into }: { project: string; upload: Upload; into?: string }) {
  const [reading, setReading] = useState<Reading>({});
  const preview = useQuery(previewQuery(project, upload.id, reading));
  return (
    <div className={styles.columns}>
      <Card title="Preview" padding="none">
        {preview.isPending && <SkeletonRows rows={10} columns={3} />}
        {preview.isError && <ErrorState error={preview.error} title="The file cannot be read like this" />}
        {preview.data && <PreviewTable preview={preview.data} />}
      </Card>
      <ImportForm
        key={JSON.stringify(reading) + String(preview.isSuccess)}
        project={project}
        upload={upload}
        preview={preview.data}
        reading={reading}
        onReading={setReading}
        {...(into ? { into } : {})}
      />
    </div>
  );
}
