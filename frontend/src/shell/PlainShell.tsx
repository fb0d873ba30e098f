import type { ReactNode } from "react";
import { InboxTool } from "@/features/inbox/InboxTool";
import { AppShell } from "@/ui/AppShell";
import { Brand } from "./Brand";
import { PersonMenu } from "./PersonMenu";

/** The frame of pages outside a project. */
export function PlainShell({ children }: { children: ReactNode }) {
  return (
    <AppShell
      brand={<Brand />}
      tools={
        <>
          <InboxTool />
          <PersonMenu />
        </>
      }
    >
      {children}
    </AppShell>
  );
}
