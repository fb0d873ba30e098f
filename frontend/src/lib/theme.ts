export type Theme = "system" | "light" | "dark";

const KEY = "variorum.theme";
const own = (person: string) => `${KEY}.${person}`;

/** The person's own choice in this browser, or the system's. */
export function readTheme(person: string): Theme {
  const stored = localStorage.getItem(own(person));
  return stored === "light" || stored === "dark" ? stored : "system";
}

/** Shows the theme now and remembers it for this person; the next first paint uses it too. */
export function chooseTheme(person: string, theme: Theme): void {
  localStorage.setItem(own(person), theme);
  showTheme(theme);
}

export function showTheme(theme: Theme): void {
  if (theme === "system") {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset["theme"];
  } else {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset["theme"] = theme;
  }
  window.dispatchEvent(new Event("variorum:theme"));
}
