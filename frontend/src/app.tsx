import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode, useEffect, useState } from "react";
import { createQueryClient } from "./api/queries";
import { startShortcuts } from "./lib/shortcuts";
import { buildRouter } from "./router";
import { ShortcutSheet } from "./shell/ShortcutSheet";
import { Toaster } from "./ui/Toast";

export function App() {
  const [queries] = useState(createQueryClient);
  const [router] = useState(() => buildRouter(queries));
  useEffect(startShortcuts, []);
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
