/** What only Node.js has: the last good bundle in a file. */

import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Storage } from "./client.js";

/** Keeps the bundle in a file, which is replaced as a whole. Give each environment and project a file of its own. */
export function nodeFile(path: string): Storage {
  return {
    async load() {
      try {
        return await readFile(path, "utf8");
      } catch (fault) {
        if ((fault as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw fault;
      }
    },
    async store(text) {
      await mkdir(dirname(path), { recursive: true });
      const fresh = `${path}.${randomUUID()}.new`; // a name that nobody can foresee, and never another's file
      try {
        await writeFile(fresh, text, { mode: 0o600, flag: "wx" });
        await rename(fresh, path);
      } catch (fault) {
        await rm(fresh, { force: true });
        throw fault;
      }
    },
  };
}
