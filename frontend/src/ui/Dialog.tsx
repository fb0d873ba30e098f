import { lazy, type ReactNode, Suspense } from "react";
import { Button } from "./Button";
import { FormError } from "./ErrorState";

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  /** "side" slides in from the left edge (the phone's rail); "wide" for tables and editors. */
  shape?: "normal" | "wide" | "side" | "top";
  /** Keeps the title for screen readers only. */
  hideTitle?: boolean;
  children: ReactNode;
}

/** Fetches the dialog's code before it is needed. */
export const loadDialog = () => import("./DialogBox");
const DialogBox = lazy(loadDialog);

/** A window over the page: focus stays inside, Escape and the veil close it, focus returns to where it was. */
export function Dialog(props: DialogProps) {
  if (!props.open) return null;
  return (
    <Suspense>
      <DialogBox {...props} />
    </Suspense>
  );
}

interface ConfirmProps {
  open: boolean;
  onClose: () => void;
  onConfirm: () => void;
  title: string;
  /** What will change, and for whom. */
  children: ReactNode;
  /** The act itself: "Roll back", "Revoke key". Never "OK". */
  action: string;
  danger?: boolean;
  loading?: boolean;
  error?: unknown;
}

/** Asks before what cannot be undone, naming the act on its button. */
export function ConfirmDialog({ danger = false, ...props }: ConfirmProps) {
  return (
    <Dialog open={props.open} onClose={props.onClose} title={props.title}>
      <div style={{ display: "grid", gap: 16 }}>
        <div>{props.children}</div>
        <FormError error={props.error} />
        <div data-actions style={{ display: "flex", justifyContent: "flex-end", gap: 8 }}>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button
            variant={danger ? "danger" : "primary"}
            loading={props.loading ?? false}
            onClick={props.onConfirm}
          >
            {props.action}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
