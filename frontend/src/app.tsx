import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode, useLayoutEffect, useState } from "react";
import { createQueryClient } from "./api/queries";
import { startShortcuts } from "./lib/shortcuts";
import { buildRouter } from "./router";
import { ShortcutSheet } from "./shell/ShortcutSheet";
import { Toaster } from "./ui/Toast";

function start() {
  const queries = createQueryClient(() => {
    const { pathname, href } = router.state.location;
    if (pathname !== "/sign-in")
      void router.navigate({ to: "/sign-in", search: { next: href }, replace: true });
  });
  const router = buildRouter(queries);
  return { queries, router };
}

export function App() {
  const [{ queries, router }] = useState(start);
  useLayoutEffect(startShortcuts, []);
  return (
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
        <ShortcutSheet />
        <Toaster />
      </QueryClientProvider>
    </StrictMode>
  );
}
