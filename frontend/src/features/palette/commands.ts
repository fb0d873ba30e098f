import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { client, take } from "@/api/client";
import { key } from "@/api/queries";
import { projectsQuery } from "@/api/session";
import { useSignOut } from "@/features/auth/session";
import { draftsQuery } from "@/features/drafts/drafts";
import { recentJobsQuery } from "@/features/jobs/jobs";
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

/** Everything that the palette knows in this project, from what is cached and a few short lists. */
export function useCommands(project: string): Command[] {
  return [
    ...useGoTo(project),
    ...useFiles(project),
    ...useDrafts(project),
    ...useJobs(project),
    ...useProjects(project),
    ...useActs(),
  ];
}

function useGoTo(project: string): Command[] {
  return usePlaces().map((place) => ({
    id: `go-${place.path.slice(3).replace(/\W+/g, "-")}`,
    group: "Go to",
    label: place.label,
    icon: place.icon,
    keys: place.keys,
    href: place.path.replace("$project", project),
  }));
}

function useFiles(project: string): Command[] {
  const files = useQuery({
    queryKey: key(project, "files", "palette"),
    queryFn: async () =>
      (await take(client.GET("/api/v1/projects/{project}/files", { params: { path: { project } } }))).items,
  });
  const known = useRouter().routesByPath as Record<string, unknown>;
  if (!known["/p/$project/files/$"]) return [];
  return (files.data ?? []).map((file) => ({
    id: `file-${file.path.replace(/\W+/g, "-")}`,
    group: "Prompts & files",
    label: file.path,
    icon: "file",
    href: `/p/${project}/files/${file.path}`,
  }));
}

function useDrafts(project: string): Command[] {
  const drafts = useQuery(draftsQuery(project, { state: "open" })).data?.items ?? [];
  return drafts.map((draft) => ({
    id: `draft-${draft.number}`,
    group: "Drafts",
    label: draft.title,
    hint: `#${draft.number} · ${draft.author_name}`,
    icon: "draft",
    href: `/p/${project}/drafts/${draft.number}`,
  }));
}

function useJobs(project: string): Command[] {
  const jobs = useQuery(recentJobsQuery(project)).data ?? [];
  return jobs.map((job) => ({
    id: `job-${job.number}`,
    group: "Jobs",
    label: job.title,
    hint: `#${job.number} · ${job.state ?? ""}`,
    icon: "jobs",
    href: `/p/${project}/jobs/${job.number}`,
  }));
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
