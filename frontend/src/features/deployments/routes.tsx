import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { projectRoute } from "@/routes";

const TABS = ["rollouts", "history", "when", "shadows"];

export interface DeploymentsSearch {
  /** "rollouts", "history", "when" or "shadows"; left out: commits against environments. */
  tab?: string;
  /** The moment of "what was live when?", ISO 8601. */
  at?: string;
  /** The environment whose texts are open in "what was live when?". */
  environment?: string;
  /** An environment: the dialog for deploying to it is open. */
  deploy?: string;
  /** An environment: the dialog for a gradual rollout there is open. */
  rollout?: string;
  /** The commit chosen in that dialog. */
  commit?: string;
  /** "new": the dialog for starting a shadow is open. */
  shadow?: string;
}

const deployments = createRoute({
  getParentRoute: () => projectRoute,
  path: "deployments",
  validateSearch: (search: Record<string, unknown>): DeploymentsSearch => ({
    ...(TABS.includes(String(search["tab"])) ? { tab: String(search["tab"]) } : {}),
    ...(search["at"] ? { at: String(search["at"]) } : {}),
    ...(search["environment"] ? { environment: String(search["environment"]) } : {}),
    ...(search["deploy"] ? { deploy: String(search["deploy"]) } : {}),
    ...(search["rollout"] ? { rollout: String(search["rollout"]) } : {}),
    ...(search["commit"] ? { commit: String(search["commit"]) } : {}),
    ...(search["shadow"] === "new" ? { shadow: "new" } : {}),
  }),
  component: lazyRouteComponent(() => import("./DeploymentsPage")),
});

const deployment = createRoute({
  getParentRoute: () => projectRoute,
  path: "deployments/$number",
  validateSearch: (search: Record<string, unknown>): { view?: string; show?: string } => ({
    ...(search["view"] === "unified" ? { view: "unified" } : {}),
    ...(search["show"] === "source" ? { show: "source" } : {}),
  }),
  component: lazyRouteComponent(() => import("./DeploymentPage")),
});

export const routes = [deployments, deployment];
