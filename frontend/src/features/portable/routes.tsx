import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

const exports = createRoute({
  getParentRoute: () => projectRoute,
  path: "settings/export",
  component: lazyRouteComponent(() => import("./ExportPage")),
});

export const routes = [exports];
