import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

const list = createRoute({
  getParentRoute: () => projectRoute,
  path: "training",
  component: lazyRouteComponent(() => import("./TrainingPage")),
});

/** `dataset` and `prompt` fill the form, for links from a dataset's or a prompt's page. */
const fresh = createRoute({
  getParentRoute: () => projectRoute,
  path: "training/new",
  validateSearch: (search: Record<string, unknown>): { dataset?: string; prompt?: string } => ({
    ...(typeof search["dataset"] === "string" ? { dataset: search["dataset"] } : {}),
    ...(typeof search["prompt"] === "string" ? { prompt: search["prompt"] } : {}),
  }),
  component: lazyRouteComponent(() => import("./NewFineTunePage")),
});

const one = createRoute({
  getParentRoute: () => projectRoute,
  path: "training/$number",
  component: lazyRouteComponent(() => import("./FineTunePage")),
});

export const routes = [list, fresh, one];
