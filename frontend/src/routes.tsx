import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute } from "@tanstack/react-router";
import { NotFoundPage, RouteError } from "./shell/boundaries";
import { ProjectShell } from "./shell/ProjectShell";
import { Root } from "./shell/Root";

/** The parent of pages outside a project: sign in, the list of projects. */
export const rootRoute = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Root,
  notFoundComponent: NotFoundPage,
  errorComponent: RouteError,
});

/** The parent of every page in a project: `/p/$project/...`, inside the shell. */
export const projectRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/p/$project",
  component: ProjectShell,
});
