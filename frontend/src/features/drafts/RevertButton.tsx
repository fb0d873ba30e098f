import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import type { components } from "@/api/schema";
import { useCan } from "@/api/session";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Field, Form, TextArea } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { SkeletonText } from "@/ui/Skeleton";
import { toast } from "@/ui/Toast";
import styles from "./Drafts.module.css";
import { draftLink } from "./drafts";

type Preview = components["schemas"]["RevertPreview"];

function revertQuery(project: string, sha: string) {
  return queryOptions({
    queryKey: key(project, "drafts", "revert", sha),
    queryFn: () =>
      take(
        client.GET("/api/v1/projects/{project}/commits/{sha}/revert", { params: { path: { project, sha } } }),
      ),
    staleTime: 0,
    retry: false,
  });
}

/** Takes a commit of main back: says what would happen, then opens a draft. Nothing for those who may not. */
export function RevertButton({ project, sha }: { project: string; sha: string }) {
  const [open, setOpen] = useState(false);
  if (!useCan(project, "editor")) return null;
  return (
    <>
      <Button icon="undo" onClick={() => setOpen(true)}>
        Revert…
      </Button>
      {open && <RevertDialog project={project} sha={sha} onClose={() => setOpen(false)} />}
    </>
  );
}

interface RevertProps {
  project: string;
  sha: string;
  onClose: () => void;
}

function RevertDialog({ project, sha, onClose }: RevertProps) {
  const preview = useQuery(revertQuery(project, sha));
  return (
    <Dialog
      open
      onClose={onClose}
      title="Revert this change"
      description="A draft of yours takes just this change back and keeps what came after it. Nothing else happens until it is merged."
    >
      {preview.isPending && <SkeletonText lines={4} />}
      {preview.isError && <ErrorState error={preview.error} />}
      {preview.data && <RevertForm project={project} sha={sha} preview={preview.data} onClose={onClose} />}
    </Dialog>
  );
}

function RevertForm({ project, sha, preview, onClose }: RevertProps & { preview: Preview }) {
  const [why, setWhy] = useState("");
  const navigate = useNavigate();
  const revert = useMutation({
    mutationFn: () =>
      take(
        client.POST("/api/v1/projects/{project}/commits/{sha}/revert", {
          params: { path: { project, sha } },
          body: { why },
        }),
      ),
    onSuccess: (draft) => {
      const asks = draft.mergeable.state === "conflicts";
      toast(`Draft #${draft.number} takes it back`, asks ? { detail: "Decide what shall hold." } : {});
      void navigate(draftLink(project, draft.number, asks ? "conflicts" : undefined));
    },
  });
  const opens = preview.state !== "nothing";
  return (
    <Form
      onSubmit={() => opens && revert.mutate()}
      actions={
        <>
          <Button onClick={onClose}>{opens ? "Cancel" : "Close"}</Button>
          {opens && (
            <Button type="submit" variant="primary" loading={revert.isPending}>
              Open the draft
            </Button>
          )}
        </>
      }
    >
      <Outcome preview={preview} />
      {preview.earlier.map((draft) => (
        <p key={draft.number} className={styles.quiet}>
          <Icon name="info" />{" "}
          {draft.state === "open" ? "Another draft takes it back already:" : "It was taken back before:"}{" "}
          <Link to="/p/$project/drafts/$number" params={{ project, number: String(draft.number) }}>
            draft #{draft.number}
          </Link>{" "}
          is {draft.state}.
        </p>
      ))}
      {opens && (
        <Field label="Why?" optional hint="It opens the draft's description.">
          <TextArea rows={3} autoFocus value={why} onChange={(event) => setWhy(event.target.value)} />
        </Field>
      )}
      <FormError error={revert.error} />
    </Form>
  );
}

function Outcome({ preview }: { preview: Preview }) {
  if (preview.state === "nothing") {
    return <p>There is nothing left to take back: it was reverted or replaced already.</p>;
  }
  const conflicts = preview.state === "conflicts";
  const paths = conflicts ? preview.conflicts : preview.paths;
  return (
    <div>
      <p>
        {conflicts
          ? `The same places were changed again since, in ${plural(paths.length, "file")}. The draft shows both sides of each, and you decide there what shall hold:`
          : `The draft changes ${plural(paths.length, "file")} back:`}
      </p>
      <ul>
        {paths.slice(0, 20).map((path) => (
          <li key={path}>
            <code>{path}</code>
          </li>
        ))}
        {paths.length > 20 && <li>and {paths.length - 20} more</li>}
      </ul>
    </div>
  );
}
