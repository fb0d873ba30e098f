import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

type Search = Record<string, unknown>;

function text(search: Search, name: string): Record<string, string> {
  const value = search[name];
  return typeof value === "string" && value ? { [name]: value } : {};
}

const drafts = createRoute({
  getParentRoute: () => projectRoute,
  path: "drafts",
  validateSearch: (search: Search) => ({ ...text(search, "state"), ...text(search, "mine") }),
  component: lazyRouteComponent(() => import("./DraftsPage")),
});

const draft = createRoute({
  getParentRoute: () => projectRoute,
  path: "drafts/$number",
  validateSearch: (search: Search) => ({
    ...text(search, "tab"),
    ...text(search, "view"),
    ...text(search, "show"),
    ...text(search, "file"),
  }),
  component: lazyRouteComponent(() => import("./DraftPage")),
});

const suggest = createRoute({
  getParentRoute: () => projectRoute,
  path: "suggest",
  validateSearch: (search: Search) => ({ ...text(search, "path"), ...text(search, "template") }),
  component: lazyRouteComponent(() => import("./SuggestPage")),
});

export const routes = [drafts, draft, suggest];
