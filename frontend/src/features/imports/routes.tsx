import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

const imports = createRoute({
  getParentRoute: () => projectRoute,
  path: "import",
  component: lazyRouteComponent(() => import("./ImportPromptsPage")),
});

export const routes = [imports];
