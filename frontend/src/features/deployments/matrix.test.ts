import { describe, expect, it } from "vitest";
import type { Commit } from "@/features/prompts/files";
import { changesInWords, type Deployment, fromLocalInput, toLocalInput } from "./deployments";
import { matrixRows } from "./matrix";

const commits = ["c", "b", "a"].map((sha) => ({ sha, subject: sha }) as Commit);
const deployed = (number: number, environment: string, commit: string, until: string | null) =>
  ({ number, environment, commit, until }) as Deployment;

describe("matrixRows", () => {
  const rows = matrixRows(
    commits,
    [
      deployed(4, "dev", "a", null),
      deployed(3, "production", "b", null),
      deployed(0, "production", "a", "before"),
      deployed(2, "dev", "b", "then"),
      deployed(1, "dev", "a", "before"),
    ],
    ["dev", "staging", "production"],
  );

  it("says what is live and how the line runs", () => {
    const lines = (environment: string) => rows.map((row) => row.cells[environment]?.line);
    expect(lines("dev")).toEqual(["waiting", "waiting", "none"]);
    expect(lines("production")).toEqual(["waiting", "live", "first"]);
    expect(lines("staging")).toEqual(["none", "none", "none"]);
  });

  it("keeps every deployment of a commit, newest first", () => {
    expect(rows[2]?.cells["dev"]?.deployments.map((item) => item.number)).toEqual([4, 1]);
    expect(rows[1]?.cells["dev"]?.live).toBe(false);
  });
});

it("speaks of changes in words", () => {
  const change = { path: "a", old_path: "a", status: "modified", added: 1, removed: 0 } as const;
  expect(["no file changes", "1 file changes", "2 files change"]).toEqual([
    changesInWords([]),
    changesInWords([change]),
    changesInWords([change, change]),
  ]);
});

it("reads and writes local times", () => {
  const iso = "2026-11-22T09:30:00.000Z";
  expect(fromLocalInput(toLocalInput(iso))).toBe(iso);
  expect(fromLocalInput("")).toBeNull();
});
