export type Theme = "system" | "light" | "dark";

const KEY = "variorum.theme";

/** Shows the theme now and remembers it in this browser for the next first paint (theme-boot.js); any other word means the system's. */
export function showTheme(theme: string): void {
  const root = document.documentElement;
  const before = root.dataset["theme"];
  if (theme === "light" || theme === "dark") {
    localStorage.setItem(KEY, theme);
    root.dataset["theme"] = theme;
  } else {
    localStorage.removeItem(KEY);
    delete root.dataset["theme"];
  }
  if (before !== root.dataset["theme"]) window.dispatchEvent(new Event("variorum:theme"));
}
