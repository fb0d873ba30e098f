/** Prints a module and all that it imports as one module for a browser: `node scripts/bundle.mjs <module>`. */

import { build } from "vite";

const [built] = await build({
  configFile: false,
  logLevel: "error",
  build: { write: false, lib: { entry: process.argv[2], formats: ["es"] } },
});
process.stdout.write(built.output[0].code);
