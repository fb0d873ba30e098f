import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

const rollout = createRoute({
  getParentRoute: () => projectRoute,
  path: "rollouts/$number",
  component: lazyRouteComponent(() => import("./RolloutPage")),
});

export const routes = [rollout];
