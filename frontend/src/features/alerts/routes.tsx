import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

const TABS = ["rules", "channels"];

export interface AlertsSearch {
  /** "rules" or "channels"; left out: the alerts themselves. */
  tab?: string;
  /** The open editor: "new", or a rule's id. */
  rule?: string;
  /** The open channel: "new", or its id. */
  channel?: string;
}

const alerts = createRoute({
  getParentRoute: () => projectRoute,
  path: "alerts",
  validateSearch: (search: Record<string, unknown>): AlertsSearch => ({
    ...(TABS.includes(String(search["tab"])) ? { tab: String(search["tab"]) } : {}),
    ...(search["rule"] ? { rule: String(search["rule"]) } : {}),
    ...(search["channel"] ? { channel: String(search["channel"]) } : {}),
  }),
  component: lazyRouteComponent(() => import("./AlertsPage")),
});

const alert = createRoute({
  getParentRoute: () => projectRoute,
  path: "alerts/$number",
  component: lazyRouteComponent(() => import("./AlertPage")),
});

export const routes = [alerts, alert];
