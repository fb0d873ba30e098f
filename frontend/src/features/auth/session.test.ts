import { expect, it } from "vitest";
import { safePath } from "./session";

it.each([
  ["/p/desk/drafts/3?tab=files", "/p/desk/drafts/3?tab=files"],
  ["//evil.example", undefined],
  ["/\\evil.example", undefined],
  ["https://evil.example", undefined],
  ["/sign-in?next=/", undefined],
  [undefined, undefined],
])("after signing in, %s leads to %s", (next, path) => {
  expect(safePath(next)).toBe(path);
});
