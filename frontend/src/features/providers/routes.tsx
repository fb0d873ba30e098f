import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

const models = createRoute({
  getParentRoute: () => projectRoute,
  path: "settings/models",
  component: lazyRouteComponent(() => import("./ModelsPage")),
});

export const routes = [models];
