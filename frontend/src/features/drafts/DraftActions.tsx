import { useState } from "react";
import { useSession } from "@/api/session";
import { useShortcut } from "@/lib/shortcuts";
import { Button, IconButton } from "@/ui/Button";
import { ConfirmDialog, Dialog } from "@/ui/Dialog";
import { FormError } from "@/ui/ErrorState";
import { Form } from "@/ui/Field";
import { Menu } from "@/ui/Menu";
import { toast, toastProblem } from "@/ui/Toast";
import { type Draft, useEnd, useReview, type Verdict } from "./drafts";
import { MentionBox } from "./MentionBox";

interface Props {
  project: string;
  draft: Draft;
}

/** Approve, request changes; close and reopen in the menu. */
export function DraftActions({ project, draft }: Props) {
  const [verdict, setVerdict] = useState<Verdict>();
  const mine = useSession().data?.id;
  const approved = draft.approvals.some((approval) => approval.author.id === mine);
  const may = draft.may.approve;
  useShortcut("a", () => setVerdict("approve"), { label: "Approve", enabled: may && !approved });
  return (
    <>
      {draft.may.request_changes && (
        <Button icon="warn" onClick={() => setVerdict("request_changes")}>
          Request changes
        </Button>
      )}
      {may && (
        <Button icon="check" disabled={approved} onClick={() => setVerdict("approve")}>
          {approved ? "You approved this version" : "Approve"}
        </Button>
      )}
      <EndMenu project={project} draft={draft} />
      <Dialog
        open={verdict !== undefined}
        onClose={() => setVerdict(undefined)}
        title={verdict === "approve" ? "Approve this version" : "Request changes"}
        description={
          verdict === "approve"
            ? "Your approval counts for the version you see. If the draft changes, it is asked for again."
            : "The draft cannot be merged until you approve it."
        }
      >
        {verdict && (
          <ReviewForm
            project={project}
            draft={draft}
            verdict={verdict}
            onDone={() => setVerdict(undefined)}
          />
        )}
      </Dialog>
    </>
  );
}

function ReviewForm({ project, draft, verdict, onDone }: Props & { verdict: Verdict; onDone: () => void }) {
  const [body, setBody] = useState("");
  const [commit] = useState(draft.head_commit);
  const approve = verdict === "approve";
  const review = useReview(project, draft.number, () => {
    toast(approve ? "Approved" : "Changes requested");
    onDone();
  });
  const lacking = !approve && !body.trim();
  const send = () => lacking || review.mutate({ verdict, commit, body });
  return (
    <Form
      onSubmit={send}
      actions={
        <Button type="submit" variant="primary" loading={review.isPending} disabled={lacking}>
          {approve ? "Approve" : "Request changes"}
        </Button>
      }
    >
      <MentionBox
        project={project}
        label={approve ? "Anything to add?" : "What should change?"}
        rows={4}
        autoFocus
        value={body}
        onChange={setBody}
        onSend={send}
      />
      <FormError error={review.error} />
    </Form>
  );
}

function EndMenu({ project, draft }: Props) {
  const [asking, setAsking] = useState(false);
  const end = useEnd(project, draft.number, (ended) => {
    setAsking(false);
    toast(ended.state === "closed" ? "Closed" : "Open again");
  });
  if (!draft.may.close && !draft.may.reopen) return null;
  const item = draft.may.close
    ? { label: "Close without merging", icon: "close" as const, onSelect: () => setAsking(true) }
    : {
        label: "Reopen",
        icon: "undo" as const,
        onSelect: () => end.mutate("reopen", { onError: toastProblem }),
      };
  return (
    <>
      <Menu align="end" trigger={<IconButton icon="more" label="More" />} groups={[{ items: [item] }]} />
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => end.mutate("close")}
        title={`Close draft #${draft.number}?`}
        action="Close draft"
        loading={end.isPending}
        error={end.error}
      >
        <p>Nothing of it becomes part of the latest version. It keeps its text and can be reopened.</p>
      </ConfirmDialog>
    </>
  );
}
