// Prints what each page's first paint costs, gzipped, from the build's manifest: `npm run build && npm run sizes`.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const print = (line) => process.stdout.write(`${line}\n`);
const manifest = JSON.parse(readFileSync("dist/.vite/manifest.json", "utf8"));
const size = (file) => gzipSync(readFileSync(`dist/${file}`)).length / 1024;

/** A chunk with everything that it imports at once. */
function files(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const css of chunk.css ?? []) seen.add(css);
  for (const next of chunk.imports ?? []) files(next, seen);
  return seen;
}

const kb = (names, kind) =>
  [...names]
    .filter((name) => name.endsWith(kind))
    .reduce((sum, name) => sum + size(name), 0)
    .toFixed(1)
    .padStart(7);
const first = files("index.html");
print("KB gzip         js     css   what");
print(`first paint${kb(first, ".js")} ${kb(first, ".css")}   index.html`);
for (const key of Object.keys(manifest).sort()) {
  if (!manifest[key].isDynamicEntry) continue;
  const extra = [...files(key)].filter((name) => !first.has(name));
  print(`       then${kb(extra, ".js")} ${kb(extra, ".css")}   ${key}`);
}
