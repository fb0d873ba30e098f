import { Outlet, useParams } from "@tanstack/react-router";
import { Suspense } from "react";
import { useLive } from "@/api/live";
import { AppShell } from "@/ui/AppShell";
import { SkeletonPage } from "@/ui/Skeleton";
import { Rail } from "./Rail";

/** The frame around every page of a project; keeps the live connection open from page to page. */
export function ProjectShell() {
  const { project = "" } = useParams({ strict: false });
  useLive(project, () => undefined);
  return (
    <AppShell rail={<Rail project={project} />}>
      <Suspense fallback={<SkeletonPage />}>
        <Outlet />
      </Suspense>
    </AppShell>
  );
}
