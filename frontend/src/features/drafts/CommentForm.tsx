import { useState } from "react";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/ErrorState";
import styles from "./Drafts.module.css";
import { MentionBox } from "./MentionBox";

interface CommentFormProps {
  project: string;
  label: string;
  action: string;
  onSubmit: (body: string) => void;
  onCancel?: () => void;
  loading: boolean;
  error: unknown;
  start?: string;
  autoFocus?: boolean;
  rows?: number;
}

/** A few lines of text; Ctrl-Enter sends, Escape gives up. */
export function CommentForm(props: CommentFormProps) {
  const [body, setBody] = useState(props.start ?? "");
  const empty = body.trim() === "";
  const send = () => {
    if (!empty && !props.loading) props.onSubmit(body);
  };
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <MentionBox
        project={props.project}
        label={props.label}
        rows={props.rows ?? 3}
        value={body}
        autoFocus={props.autoFocus ?? false}
        onChange={setBody}
        onSend={send}
        onCancel={props.onCancel}
      />
      <FormError error={props.error} />
      <div className={styles.buttons}>
        <Button type="submit" size="small" variant="primary" loading={props.loading} disabled={empty}>
          {props.action}
        </Button>
        {props.onCancel && (
          <Button size="small" variant="quiet" onClick={props.onCancel}>
            Cancel
          </Button>
        )}
      </div>
    </form>
  );
}
