import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

const STATES = ["queued", "running", "succeeded", "failed", "cancelled", "open"];

const jobs = createRoute({
  getParentRoute: () => projectRoute,
  path: "jobs",
  validateSearch: (search: Record<string, unknown>): { state?: string } => {
    const state = String(search["state"] ?? "");
    return STATES.includes(state) ? { state } : {};
  },
  component: lazyRouteComponent(() => import("./JobsPage")),
});

const job = createRoute({
  getParentRoute: () => projectRoute,
  path: "jobs/$number",
  component: lazyRouteComponent(() => import("./JobPage")),
});

export const routes = [jobs, job];
