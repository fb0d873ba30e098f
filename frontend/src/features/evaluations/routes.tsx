import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

type Search = Record<string, unknown>;

const texts = <Name extends string>(search: Search, ...names: Name[]) =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = search[name];
      return value === undefined || value === "" ? [] : [[name, String(value)]];
    }),
  ) as { [K in Name]?: string };

const list = createRoute({
  getParentRoute: () => projectRoute,
  path: "evaluations",
  validateSearch: (search: Search) => texts(search, "tab", "suite", "draft"),
  component: lazyRouteComponent(() => import("./EvaluationsPage")),
});

const one = createRoute({
  getParentRoute: () => projectRoute,
  path: "evaluations/$number",
  validateSearch: (search: Search) => texts(search, "show", "metric", "q", "label", "row"),
  component: lazyRouteComponent(() => import("./EvaluationPage")),
});

/** `prompt` and `dataset` fill the form, for links from their pages. */
const newSuite = createRoute({
  getParentRoute: () => projectRoute,
  path: "evaluations/suites/new",
  validateSearch: (search: Search) => texts(search, "prompt", "dataset"),
  component: lazyRouteComponent(() => import("./SuitePage")),
});

const suite = createRoute({
  getParentRoute: () => projectRoute,
  path: "evaluations/suites/$suite",
  component: lazyRouteComponent(() => import("./SuitePage")),
});

const newMetric = createRoute({
  getParentRoute: () => projectRoute,
  path: "evaluations/metrics/new",
  validateSearch: (search: Search) => texts(search, "from"),
  component: lazyRouteComponent(() => import("./MetricPage")),
});

const metric = createRoute({
  getParentRoute: () => projectRoute,
  path: "evaluations/metrics/$metric",
  component: lazyRouteComponent(() => import("./MetricPage")),
});

export const routes = [list, one, newSuite, suite, newMetric, metric];
