import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { client, take } from "@/api/client";
import { sessionQuery, useSession } from "@/api/session";
import { useSignOut } from "@/features/auth/session";
import { showTheme, type Theme } from "@/lib/theme";
import { Menu, type MenuItem } from "@/ui/Menu";
import { toastProblem } from "@/ui/Toast";
import styles from "./Shell.module.css";
import { showKeys } from "./ShortcutSheet";

const THEMES: [Theme, string, "screen" | "sun" | "moon"][] = [
  ["system", "As the system", "screen"],
  ["light", "Light", "sun"],
  ["dark", "Dark", "moon"],
];

/** Who is signed in, their theme, the keys, and signing out. */
export function PersonMenu() {
  const person = useSession().data;
  const signOut = useSignOut();
  const chooseTheme = useChooseTheme();
  const theme = person?.theme;
  useEffect(() => {
    if (theme) showTheme(theme);
  }, [theme]);
  const themes: MenuItem[] = THEMES.map(([value, label, icon]) => ({
    label,
    icon,
    checked: (theme ?? "system") === value,
    onSelect: () => chooseTheme.mutate(value),
  }));
  const name = person?.name || person?.email || "";
  return (
    <Menu
      align="end"
      trigger={
        <button type="button" className={styles.tool}>
          <span className={styles.initials} aria-hidden="true">
            {initials(name)}
          </span>
          <span className="visually-hidden">{`${name || "Person"}, menu`}</span>
        </button>
      }
      groups={[
        { ...(person ? { label: `${person.name} · ${person.email}` } : {}), items: themes },
        { items: [{ label: "Keyboard", icon: "keyboard", hint: "?", onSelect: showKeys }] },
        { items: [{ label: "Sign out", icon: "out", onSelect: () => signOut.mutate() }] },
      ]}
    />
  );
}

/** Shows the theme at once and stores it with the person; back to the old one when that fails. */
export function useChooseTheme() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (theme: Theme) => take(client.PATCH("/api/v1/session", { body: { theme } })),
    onMutate: (theme) => showTheme(theme),
    onSuccess: (person) => queries.setQueryData(sessionQuery.queryKey, person),
    onError: (error) => {
      showTheme(queries.getQueryData(sessionQuery.queryKey)?.theme ?? "system");
      toastProblem(error);
    },
  });
}

function initials(name: string): string {
  const words = name.split(/[\s.@]+/).filter(Boolean);
  return ((words[0]?.[0] ?? "") + (words[1]?.[0] ?? "")).toUpperCase();
}
