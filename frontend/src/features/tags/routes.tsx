import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

export interface TagsSearch {
  /** The commit, or main, for which the dialog "New tag" is open. */
  name?: string;
}

const tags = createRoute({
  getParentRoute: () => projectRoute,
  path: "tags",
  validateSearch: (search: Record<string, unknown>): TagsSearch =>
    typeof search["name"] === "string" && search["name"] ? { name: search["name"] } : {},
  component: lazyRouteComponent(() => import("./TagsPage")),
});

export const routes = [tags];
