import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

const gateway = createRoute({
  getParentRoute: () => projectRoute,
  path: "settings/gateway",
  component: lazyRouteComponent(() => import("./GatewayPage")),
});

export const routes = [gateway];
