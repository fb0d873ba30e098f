import type { QueryClient } from "@tanstack/react-query";
import { type AnyRoute, createRouter } from "@tanstack/react-router";
import { nowhereRoute, projectRoute, rootRoute } from "./routes";
import { NotFoundPage, RouteError } from "./shell/boundaries";
import { SkeletonPage } from "./ui/Skeleton";

interface FeatureRoutes {
  /** Pages of a project; their parent is projectRoute. */
  routes?: AnyRoute[];
  /** Pages outside a project; their parent is rootRoute. */
  rootRoutes?: AnyRoute[];
}

const features = Object.values(
  import.meta.glob<FeatureRoutes>("./{features/*,kit}/routes.tsx", { eager: true }),
);

/** One router out of every feature's routes. */
export function buildRouter(queries: QueryClient) {
  const tree = rootRoute.addChildren([
    ...features.flatMap((feature) => feature.rootRoutes ?? []),
    projectRoute.addChildren([...features.flatMap((feature) => feature.routes ?? []), nowhereRoute]),
  ]);
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    defaultPendingMs: 150,
    defaultPendingMinMs: 0,
    defaultPendingComponent: SkeletonPage,
    defaultErrorComponent: RouteError,
    defaultNotFoundComponent: NotFoundPage,
    scrollRestoration: true,
  });
}
