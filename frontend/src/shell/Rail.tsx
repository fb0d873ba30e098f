import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useNavigate, useRouter } from "@tanstack/react-router";
import { deskQuery } from "@/features/drafts/review";
import { cx } from "@/lib/cx";
import { useShortcut } from "@/lib/shortcuts";
import { Icon, type IconName } from "@/ui/Icon";
import styles from "./Rail.module.css";

interface Place {
  label: string;
  path: string;
  icon: IconName;
  keys: string;
  /** Pages that belong to it although their address begins otherwise. */
  also?: string[];
  /** A thin line above: a new group begins. */
  apart?: boolean;
}

/** Every page of a project that the rail knows, in its order. One without a route is not shown. */
export const PLACES: Place[] = [
  { label: "Overview", path: "/p/$project", icon: "overview", keys: "g o" },
  {
    label: "Prompts & files",
    path: "/p/$project/files",
    icon: "file",
    keys: "g p",
    also: ["tags", "commits", "compare"],
  },
  { label: "Drafts", path: "/p/$project/drafts", icon: "draft", keys: "g d" },
  { label: "Reviews", path: "/p/$project/reviews", icon: "check", keys: "g r" },
  { label: "Deployments", path: "/p/$project/deployments", icon: "deploy", keys: "g e" },
  { label: "Datasets", path: "/p/$project/datasets", icon: "dataset", keys: "g s", apart: true },
  { label: "Training", path: "/p/$project/training", icon: "training", keys: "g t" },
  { label: "Evaluations", path: "/p/$project/evaluations", icon: "evaluation", keys: "g v" },
  { label: "Logs", path: "/p/$project/logs", icon: "log", keys: "g l", apart: true },
  { label: "Quality", path: "/p/$project/quality", icon: "quality", keys: "g q" },
  { label: "Alerts", path: "/p/$project/alerts", icon: "alert", keys: "g a" },
  { label: "Settings", path: "/p/$project/settings", icon: "settings", keys: "g ,", apart: true },
];

const REVIEWS = "/p/$project/reviews";

export function usePlaces(): Place[] {
  const known = useRouter().routesByPath as Record<string, unknown>;
  return PLACES.filter((place) => known[place.path] ?? known[`${place.path}/`]);
}

export function Rail({ project, onGo }: { project: string; onGo?: () => void }) {
  const waiting = useQuery(deskQuery(project)).data?.waiting.length ?? 0;
  const below = useLocation().pathname.split("/")[3] ?? "";
  return (
    <nav aria-label="Project" className={styles.rail}>
      {usePlaces().map((place) => (
        <Link
          key={place.path}
          to={place.path}
          params={{ project }}
          activeOptions={{ exact: place.path === "/p/$project", includeSearch: false }}
          className={cx(
            styles.place,
            place.apart && styles.apart,
            place.also?.includes(below) && styles.active,
          )}
          activeProps={{ className: styles.active ?? "" }}
          {...(onGo ? { onClick: onGo } : {})}
        >
          <Icon name={place.icon} />
          {place.label}
          {place.path === REVIEWS && waiting > 0 && (
            <span className={styles.count} title={`${waiting} wait for your review`}>
              {waiting}
            </span>
          )}
        </Link>
      ))}
    </nav>
  );
}

/** g d, g l, ... for the places that exist. */
export function RailKeys({ project }: { project: string }) {
  return usePlaces().map((place) => <RailKey key={place.keys} place={place} project={project} />);
}

function RailKey({ place, project }: { place: Place; project: string }) {
  const navigate = useNavigate();
  const go = () => void navigate({ to: place.path, params: { project } });
  useShortcut(place.keys, go, { label: place.label, group: "Go to" });
  return null;
}
