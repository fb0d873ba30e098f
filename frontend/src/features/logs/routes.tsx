import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";
import { readSearch } from "./filters";

const logs = createRoute({
  getParentRoute: () => projectRoute,
  path: "logs",
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import("./LogsPage")),
});

export const routes = [logs];
