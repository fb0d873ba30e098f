import { describe, expect, it } from "vitest";
import { best, type Entry, score } from "./match";

const entry = (label: string, group = "Go to", hint = ""): Entry => ({ id: label, group, label, hint });

describe("score", () => {
  it.each([
    ["Deployments", "dep", true],
    ["Prompts & files", "files prom", true],
    ["prompts/triage.prompt", "triage", true],
    ["Deployments", "xyz", false],
    ["Cost (USD)", "(us", true],
  ])("%s with %s: %s", (label, typed, fits) => {
    expect(score(entry(label), typed) > 0).toBe(fits);
  });

  it("likes the beginning of a word better than its middle", () => {
    expect(score(entry("Logs"), "log")).toBeGreaterThan(score(entry("Catalogue"), "log"));
  });
});

it("keeps groups together, the best first", () => {
  const entries = [
    entry("Datasets"),
    entry("Settings"),
    entry("Set the tone", "Drafts"),
    entry("Reset", "Drafts"),
  ];
  expect(best(entries, "set").map((item) => item.label)).toEqual([
    "Settings",
    "Datasets",
    "Set the tone",
    "Reset",
  ]);
  expect(best(entries, "", 2).map((item) => item.label)).toEqual(["Datasets", "Settings"]);
});
