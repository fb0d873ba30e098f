import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

export const OUTCOMES = ["win", "tie", "loss", "order", "unjudged", "error"] as const;

export interface ShadowSearch {
  /** Only pairs that came out so; "order": those whose order mattered. */
  outcome?: (typeof OUTCOMES)[number];
}

const shadow = createRoute({
  getParentRoute: () => projectRoute,
  path: "shadows/$number",
  validateSearch: (search: Record<string, unknown>): ShadowSearch => {
    const outcome = OUTCOMES.find((item) => item === search["outcome"]);
    return outcome ? { outcome } : {};
  },
  component: lazyRouteComponent(() => import("./ShadowPage")),
});

export const routes = [shadow];
