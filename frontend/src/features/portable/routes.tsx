import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute, rootRoute } from "@/routes";

const exports = createRoute({
  getParentRoute: () => projectRoute,
  path: "settings/export",
  component: lazyRouteComponent(() => import("./ExportPage")),
});

export const routes = [exports];

const oneImport = createRoute({
  getParentRoute: () => rootRoute,
  path: "/imports/$number",
  component: lazyRouteComponent(() => import("./ImportPage")),
});

export const rootRoutes = [oneImport];
