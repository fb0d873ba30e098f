import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "@/routes";

const kit = import.meta.env.DEV
  ? [
      createRoute({
        getParentRoute: () => rootRoute,
        path: "/_kit",
        component: lazyRouteComponent(() => import("./KitPage")),
      }),
    ]
  : [];

/** All parts on one page, to look at while developing; absent from the build. */
export const rootRoutes = kit;
