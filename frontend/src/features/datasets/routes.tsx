import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

const texts = <Name extends string>(search: Record<string, unknown>, ...names: Name[]) =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = search[name];
      return value === undefined || value === "" ? [] : [[name, String(value)]];
    }),
  ) as { [K in Name]?: string };

const list = createRoute({
  getParentRoute: () => projectRoute,
  path: "datasets",
  component: lazyRouteComponent(() => import("./DatasetsPage")),
});

const importing = createRoute({
  getParentRoute: () => projectRoute,
  path: "datasets/import",
  validateSearch: (search: Record<string, unknown>) => texts(search, "into"),
  component: lazyRouteComponent(() => import("./ImportPage")),
});

const one = createRoute({
  getParentRoute: () => projectRoute,
  path: "datasets/$dataset",
  validateSearch: (search: Record<string, unknown>) => texts(search, "version", "q", "label", "tag"),
  component: lazyRouteComponent(() => import("./DatasetPage")),
});

export const routes = [list, importing, one];
