import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

const reviews = createRoute({
  getParentRoute: () => projectRoute,
  path: "reviews",
  component: lazyRouteComponent(() => import("./ReviewsPage")),
});

export const routes = [reviews];
