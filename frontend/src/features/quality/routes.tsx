import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";
import { readSearch } from "./quality";

const quality = createRoute({
  getParentRoute: () => projectRoute,
  path: "quality",
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import("./QualityPage")),
});

export const routes = [quality];
