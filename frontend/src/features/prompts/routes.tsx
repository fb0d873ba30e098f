import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

/** The named members of a search that are texts. */
function texts(search: Record<string, unknown>, ...names: string[]): Record<string, string> {
  const found = names.flatMap((name) => {
    const value = search[name];
    return typeof value === "string" && value ? [[name, value] as const] : [];
  });
  return Object.fromEntries(found);
}

const files = createRoute({
  getParentRoute: () => projectRoute,
  path: "files/",
  validateSearch: (search: Record<string, unknown>) => texts(search, "kind", "find"),
  component: lazyRouteComponent(() => import("./FilesPage")),
});

const file = createRoute({
  getParentRoute: () => projectRoute,
  path: "files/$",
  validateSearch: (search: Record<string, unknown>) => texts(search, "ref", "tab"),
  component: lazyRouteComponent(() => import("./FilePage")),
});

const commits = createRoute({
  getParentRoute: () => projectRoute,
  path: "commits",
  component: lazyRouteComponent(() => import("./CommitsPage")),
});

const commit = createRoute({
  getParentRoute: () => projectRoute,
  path: "commits/$sha",
  validateSearch: (search: Record<string, unknown>) => texts(search, "view", "show"),
  component: lazyRouteComponent(() => import("./CommitPage")),
});

const compare = createRoute({
  getParentRoute: () => projectRoute,
  path: "compare",
  validateSearch: (search: Record<string, unknown>) => texts(search, "base", "head", "path", "view", "show"),
  component: lazyRouteComponent(() => import("./ComparePage")),
});

export const routes = [files, file, commits, commit, compare];
