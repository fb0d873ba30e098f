import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet, useLocation, useParams } from "@tanstack/react-router";
import { Suspense } from "react";
import { useLive } from "@/api/live";
import { toProblem } from "@/api/problem";
import { projectQuery, useSession } from "@/api/session";
import { InboxTool } from "@/features/inbox/InboxTool";
import { INBOX } from "@/features/inbox/inbox";
import { JobsTool } from "@/features/jobs/JobsTool";
import { PaletteTool } from "@/features/palette/PaletteTool";
import { AppShell } from "@/ui/AppShell";
import { SkeletonPage } from "@/ui/Skeleton";
import { NotFoundPage } from "./boundaries";
import { PersonMenu } from "./PersonMenu";
import { ProjectSwitcher } from "./ProjectSwitcher";
import { Rail, RailKeys } from "./Rail";

/** The frame around every page of a project. */
export function ProjectShell() {
  const { project = "" } = useParams({ strict: false });
  const at = useLocation({ select: (location) => location.pathname });
  const signedIn = useSession().isSuccess;
  const missing = toProblem(useQuery(projectQuery(project)).error).status === 404;
  return (
    <AppShell
      at={at}
      brand={<ProjectSwitcher project={project} />}
      search={<PaletteTool project={project} />}
      tools={
        <>
          <JobsTool project={project} />
          <InboxTool />
          <PersonMenu />
        </>
      }
      rail={<Rail project={project} />}
    >
      <RailKeys project={project} />
      {signedIn && !missing && <KeepLive project={project} />}
      {missing ? (
        <NotFoundPage />
      ) : (
        <Suspense fallback={<SkeletonPage />}>
          <Outlet />
        </Suspense>
      )}
    </AppShell>
  );
}

/** Holds the live connection from page to page; the inbox is not the project's, so its news is passed on here. */
function KeepLive({ project }: { project: string }) {
  const queries = useQueryClient();
  useLive(project, (message) => {
    if (message.kind === "notice.created") void queries.invalidateQueries({ queryKey: INBOX });
  });
  return null;
}
