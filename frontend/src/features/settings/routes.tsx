import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

const general = createRoute({
  getParentRoute: () => projectRoute,
  path: "settings",
  component: lazyRouteComponent(() => import("./GeneralPage")),
});

const members = createRoute({
  getParentRoute: () => projectRoute,
  path: "settings/members",
  component: lazyRouteComponent(() => import("./MembersPage")),
});

const approvals = createRoute({
  getParentRoute: () => projectRoute,
  path: "settings/approvals",
  validateSearch: (search: Record<string, unknown>): { path?: string } =>
    typeof search["path"] === "string" && search["path"] ? { path: search["path"] } : {},
  component: lazyRouteComponent(() => import("./ApprovalsPage")),
});

const environments = createRoute({
  getParentRoute: () => projectRoute,
  path: "settings/environments",
  component: lazyRouteComponent(() => import("./EnvironmentsPage")),
});

const keys = createRoute({
  getParentRoute: () => projectRoute,
  path: "settings/keys",
  component: lazyRouteComponent(() => import("./KeysPage")),
});

const audit = createRoute({
  getParentRoute: () => projectRoute,
  path: "settings/audit",
  validateSearch: (search: Record<string, unknown>): { kind?: string } =>
    typeof search["kind"] === "string" && search["kind"] ? { kind: search["kind"] } : {},
  component: lazyRouteComponent(() => import("./AuditPage")),
});

export const routes = [general, members, approvals, environments, keys, audit];
