import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

export interface RulesSearch {
  /** "json": the document as it is stored. */
  view?: "json";
}

const rules = createRoute({
  getParentRoute: () => projectRoute,
  path: "deployments/rules/$environment",
  validateSearch: (search: Record<string, unknown>): RulesSearch => ({
    ...(search["view"] === "json" ? { view: "json" } : {}),
  }),
  component: lazyRouteComponent(() => import("./RulesPage")),
});

export const routes = [rules];
