import { useState } from "react";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialog";
import { TextInput } from "@/ui/Field";
import { toast, toastProblem } from "@/ui/Toast";
import styles from "../Drafts.module.css";
import type { Draft } from "../drafts";
import { told, type UnsavedText, useSaveTexts, useTextCalls } from "./texts";
import type { OpenText } from "./useSharedText";

interface Saving {
  message: string;
  setMessage: (message: string) => void;
  unsaved: UnsavedText[];
  /** Something was typed here that the list of unsaved files does not know of yet. */
  more: boolean;
  save: (paths?: string[]) => void;
  discard: () => void;
  isPending: boolean;
  error: unknown;
}

/** A save waits until the server has everything that was typed here, then commits everybody's words. */
export function useSaving(project: string, draft: Draft, open: OpenText, unsaved: UnsavedText[]): Saving {
  const [message, setMessage] = useState("");
  const [flushing, setFlushing] = useState(false);
  const calls = useTextCalls(project, draft.number);
  const asked = draft.approvals.length > 0;
  const act = useSaveTexts(project, draft.number, () => {
    setMessage("");
    toast("Saved", asked ? { detail: "Approvals are asked for again, for this version." } : {});
  });
  const more = open.status.state === "sending";
  const save = async (paths?: string[]) => {
    if (flushing || act.isPending || (unsaved.length === 0 && !open.shared?.unsent)) return;
    setFlushing(true);
    await open.shared?.flush();
    setFlushing(false);
    act.mutate({ message, ...(paths ? { paths } : {}) });
  };
  return {
    message,
    setMessage,
    unsaved,
    more,
    save: (paths) => void save(paths),
    discard: () => void calls.discard(unsaved.map((item) => item.path)).catch(toastProblem),
    isPending: flushing || act.isPending,
    error: act.error,
  };
}

export function SaveBar({ saving, path }: { saving: Saving; path: string | undefined }) {
  const { message, setMessage, unsaved, more, save, discard, isPending } = saving;
  const [asking, setAsking] = useState(false);
  const count = Math.max(unsaved.length, more ? 1 : 0);
  return (
    <>
      <div className={styles.filePick}>
        <TextInput
          aria-label="What did you change?"
          placeholder="What did you change? (optional)"
          maxLength={200}
          value={message}
          onChange={(event) => setMessage(event.target.value)}
        />
      </div>
      <Button variant="primary" disabled={!count} loading={isPending} onClick={() => save()}>
        {count ? `Save ${plural(count, "file")}` : "Nothing to save"}
      </Button>
      {count > 1 && path && unsaved.some((item) => item.path === path) && (
        <Button onClick={() => save([path])}>Save only this one</Button>
      )}
      {unsaved.length > 0 && <Button onClick={() => setAsking(true)}>Discard</Button>}
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          discard();
        }}
        title="Discard what is not saved?"
        action="Discard"
        danger
      >
        <p>For everybody, back to the draft’s latest version: {unsaved.map(told).join("; ")}.</p>
      </ConfirmDialog>
    </>
  );
}
