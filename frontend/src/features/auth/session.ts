import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { call, client, take } from "@/api/client";
import { projectsQuery, sessionQuery } from "@/api/session";
import { showTheme } from "@/lib/theme";

interface SignIn {
  email: string;
  password: string;
}

/** Signs in and goes on to where one wanted to go, to the only project, or to the list of projects. */
export function useSignIn(next: string | undefined) {
  const queries = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: async (body: SignIn) => {
      if (!document.cookie.includes("csrftoken=")) await call("/api/v1/session").catch(() => null);
      return take(client.POST("/api/v1/session", { body }));
    },
    onSuccess: async (person) => {
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, person);
      showTheme(person.theme ?? "system");
      const wanted = safePath(next);
      const projects = wanted ? [] : await queries.fetchQuery(projectsQuery);
      const only = projects.length === 1 ? projects[0] : undefined;
      router.history.push(wanted ?? (only ? `/p/${only.slug}` : "/"));
    },
  });
}

/** A path on this site, or undefined: an address from outside must not lead away. */
export function safePath(next: string | undefined): string | undefined {
  return next && /^\/(?![/\\])/.test(next) && !next.startsWith("/sign-in") ? next : undefined;
}

export function useSignOut() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () => client.DELETE("/api/v1/session"),
    onSettled: async () => {
      await navigate({ to: "/sign-in" });
      queries.clear();
    },
  });
}
