import { useState } from "react";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialog";
import { toast } from "@/ui/Toast";
import { type Draft, useMerge } from "./drafts";

/** Merges after a look back; the button rests while something stands in the way. */
export function MergeButton({ project, draft }: { project: string; draft: Draft }) {
  const [open, setOpen] = useState(false);
  const merge = useMerge(project, draft.number, () => {
    setOpen(false);
    toast("Merged", { detail: "It is part of the latest version now. Nothing was deployed." });
  });
  return (
    <>
      <Button variant="primary" icon="merge" disabled={!draft.may.merge} onClick={() => setOpen(true)}>
        Merge
      </Button>
      <ConfirmDialog
        open={open}
        onClose={() => setOpen(false)}
        onConfirm={() => merge.mutate({ expected_head: draft.head_commit })}
        title={`Merge “${draft.title}”?`}
        action="Merge"
        loading={merge.isPending}
        error={merge.error}
      >
        <p>
          {plural(draft.paths.length, "file")} of the latest version will change:{" "}
          {draft.paths.slice(0, 6).join(", ")}
          {draft.paths.length > 6 && " and others"}. Environments keep what they have until somebody deploys.
        </p>
      </ConfirmDialog>
    </>
  );
}
