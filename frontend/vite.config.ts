import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { HtmlTagDescriptor, Plugin } from "vite";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Puts the chosen theme on <html> before the first paint, from a hashed file so that a strict CSP can hold. */
function themeBeforePaint(): Plugin {
  const source = readFileSync(here("./src/theme-boot.js"), "utf8");
  return {
    name: "theme-before-paint",
    generateBundle() {
      this.emitFile({ type: "asset", name: "theme.js", source });
    },
    transformIndexHtml: {
      order: "post",
      handler(_html, context): HtmlTagDescriptor[] {
        const file = Object.keys(context.bundle ?? {}).find((name) => /assets\/theme-.*\.js$/.test(name));
        return file
          ? [{ tag: "script", attrs: { src: `/${file}` }, injectTo: "head-prepend" }]
          : [{ tag: "script", children: source, injectTo: "head-prepend" }];
      },
    },
  };
}

/** Lays a Brotli and a gzip copy beside every text file: the server sends them as they are. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle({ dir = "dist" }, bundle) {
      for (const name of Object.keys(bundle).filter((file) => /\.(js|css|svg)$/.test(file))) {
        const path = join(dir, name);
        const content = readFileSync(path);
        if (content.length < 1024) continue;
        writeFileSync(
          `${path}.br`,
          brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }),
        );
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "/",
  plugins: [react(), themeBeforePaint(), compressed()],
  resolve: { alias: { "@": here("./src") } },
  server: {
    host: "127.0.0.1",
    strictPort: true,
    proxy: {
      "/api": { target: process.env["VARIORUM_API"] ?? "http://127.0.0.1:8000", changeOrigin: false },
    },
  },
  build: {
    target: "es2022",
    assetsDir: "assets",
    assetsInlineLimit: 0,
    manifest: true,
    chunkSizeWarningLimit: 600,
    // Three files for the first paint instead of thirty: the libraries, the frame, the rest of the entry.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: "libraries",
              test: /node_modules\/(react|react-dom|scheduler|use-sync-external-store|openapi-fetch|@tanstack\/(react-router|router-core|history|react-store|store|react-query|query-core))\//,
            },
            {
              name: "frame",
              test: /src\/(api|lib|shell)\/|src\/ui\/(AppShell|Button|Tooltip|Icon|Skeleton|Page|Toast|Dialog|Menu|Popover|Empty|ErrorState|Kbd)\./,
            },
          ],
        },
      },
    },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test-setup.ts"],
    css: false,
  },
});
