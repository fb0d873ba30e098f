import { describe, expect, it } from "vitest";
import { slugOf } from "../projects/NewProject";
import { factsOf, sentenceOf } from "./events";
import { expiryAfter } from "./keys";

describe("an event in words", () => {
  it.each([
    ["draft.merged", "draft", "12", "Draft #12 merged"],
    ["api_key.created", "api_key", "4", "API key created"],
    ["dataset.version_added", "dataset", "messages", "Dataset messages version added"],
    ["job.cancel_requested", "job", "7", "Job #7 cancel requested"],
  ])("%s about %s %s", (kind, subject_kind, subject_id, words) => {
    expect(sentenceOf({ kind, subject_kind, subject_id })).toBe(words);
  });

  it("lists its facts", () => {
    const commit = "0123456789abcdef0123456789abcdef01234567";
    expect(factsOf({ role: "editor", note: "", scopes: ["read", "logs"], by: null, commit })).toBe(
      "role editor · scopes read, logs · commit 01234567",
    );
    expect(factsOf(null)).toBe("");
  });

  it("says what a change made of what", () => {
    const before = { guarded: false, approvers: [], soak_hours: null };
    const after = { guarded: true, approvers: ["Ada", "Olga"], soak_hours: 4 };
    expect(factsOf({ before, after })).toBe(
      "guarded no → yes · approvers none → Ada, Olga · soak hours none → 4",
    );
    expect(factsOf({ environment: "dev", before: null })).toBe("environment dev");
  });
});

it("counts a key's life from now", () => {
  expect(expiryAfter("30", new Date("2025-01-01T00:00:00Z"))).toBe("2025-01-31T00:00:00.000Z");
  expect(expiryAfter("")).toBeNull();
});

it.each([
  ["Support desk", "support-desk"],
  ["  Crème Brûlée! ", "creme-brulee"],
  ["日本", ""],
  ["a".repeat(80), "a".repeat(63)],
])("%s stands in addresses as %s", (name, slug) => {
  expect(slugOf(name)).toBe(slug);
});
