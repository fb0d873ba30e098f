import { useQuery } from "@tanstack/react-query";
import { projectsQuery } from "@/api/session";
import { useSignOut } from "@/features/auth/session";
import { useChooseTheme } from "@/shell/PersonMenu";
import { usePlaces } from "@/shell/Rail";
import { showKeys } from "@/shell/ShortcutSheet";
import type { IconName } from "@/ui/Icon";
import type { Entry } from "./match";

export interface Command extends Entry {
  icon: IconName;
  keys?: string;
  href?: string;
  run?: () => void;
}

/** The places and acts that the page knows by itself; what the project has is searched by the server. */
export function useCommands(project: string): Command[] {
  return [...useGoTo(project), ...useProjects(project), ...useActs()];
}

/** Pages that the rail does not name, as they belong to one that it names. */
const BELOW: { path: string; label: string; icon: IconName }[] = [
  { path: "tags", label: "Tags", icon: "tag" },
  { path: "commits", label: "Changes of main", icon: "commit" },
  { path: "compare", label: "Compare two versions", icon: "switch" },
  { path: "jobs", label: "Jobs", icon: "jobs" },
];

function useGoTo(project: string): Command[] {
  const below = BELOW.map(({ path, label, icon }) => ({
    id: `go-${path}`,
    group: "Go to",
    label,
    icon,
    href: `/p/${project}/${path}`,
  }));
  const places = usePlaces().map((place) => ({
    id: `go-${place.path.slice(3).replace(/\W+/g, "-")}`,
    group: "Go to",
    label: place.label,
    icon: place.icon,
    keys: place.keys,
    href: place.path.replace("$project", project),
  }));
  return [...places, ...below];
}

function useProjects(here: string): Command[] {
  const projects = useQuery(projectsQuery).data ?? [];
  const others = projects.filter((project) => project.slug !== here);
  return others.map((project) => ({
    id: `project-${project.slug}`,
    group: "Projects",
    label: project.name,
    icon: "overview",
    href: `/p/${project.slug}`,
  }));
}

function useActs(): Command[] {
  const signOut = useSignOut();
  const chooseTheme = useChooseTheme();
  const act = { group: "Actions" };
  return [
    { ...act, id: "light", label: "Light theme", icon: "sun", run: () => chooseTheme.mutate("light") },
    { ...act, id: "dark", label: "Dark theme", icon: "moon", run: () => chooseTheme.mutate("dark") },
    {
      ...act,
      id: "system",
      label: "Theme of the system",
      icon: "screen",
      run: () => chooseTheme.mutate("system"),
    },
    {
      ...act,
      id: "keys",
      label: "Keyboard",
      also: "shortcuts help",
      icon: "keyboard",
      keys: "?",
      run: showKeys,
    },
    { ...act, id: "inbox", label: "Inbox", also: "notices", icon: "inbox", href: "/inbox" },
    { ...act, id: "projects", label: "All projects", also: "new project", icon: "overview", href: "/" },
    { ...act, id: "out", label: "Sign out", also: "log out", icon: "out", run: () => signOut.mutate() },
  ];
}
