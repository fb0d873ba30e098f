import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute } from "@tanstack/react-router";
import { NotFoundPage, RootError } from "./shell/boundaries";
import { PlainShell } from "./shell/PlainShell";
import { ProjectShell } from "./shell/ProjectShell";
import { Root } from "./shell/Root";

/** The parent of pages outside a project: sign in, the list of projects. */
export const rootRoute = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Root,
  notFoundComponent: () => (
    <PlainShell>
      <NotFoundPage />
    </PlainShell>
  ),
  errorComponent: RootError,
});

/** The parent of every page in a project: `/p/$project/...`, inside the shell. */
export const projectRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/p/$project",
  component: ProjectShell,
});

/** Every other address in a project, so that the shell stays around "nothing is here". */
export const nowhereRoute = createRoute({
  getParentRoute: () => projectRoute,
  path: "$",
  component: NotFoundPage,
});
