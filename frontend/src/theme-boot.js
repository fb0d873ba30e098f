// Runs before the first paint: puts the stored choice on <html>; without one the system's colour scheme decides.
(() => {
  try {
    const theme = localStorage.getItem("variorum.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is blocked: the system's colour scheme decides.
  }
})();
