import { useBlocker } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ConfirmDialog } from "./Dialog";

interface LeaveGuardProps {
  /** Whether something would be lost, asked as somebody leaves for another page. */
  losing: () => boolean | Promise<boolean>;
  /** The same, as the browser asks before it closes the page: at once. */
  losingNow: () => boolean;
  title: string;
  children: ReactNode;
}

/** Asks before what is not kept yet is lost: by a link to another page, or as the browser asks. */
export function LeaveGuard({ losing, losingNow, title, children }: LeaveGuardProps) {
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && losing(),
    enableBeforeUnload: losingNow,
    withResolver: true,
  });
  return (
    <ConfirmDialog
      open={leaving.status === "blocked"}
      onClose={() => leaving.reset?.()}
      onConfirm={() => leaving.proceed?.()}
      title={title}
      action="Leave"
      danger
    >
      <p>{children}</p>
    </ConfirmDialog>
  );
}
