import { describe, expect, it } from "vitest";
import { type Comment, type DraftItem, reviewState, threadsOf } from "./drafts";

const comment = (id: number, parent: number | null = null) => ({ id, parent }) as Comment;
const draft = (approval_count: number, objection_count: number) =>
  ({ approval_count, objection_count, required_approvals: 1 }) as DraftItem;

describe("threads", () => {
  it("keep replies under their first comment, in order", () => {
    const threads = threadsOf([comment(1), comment(2), comment(3, 1), comment(4, 2), comment(5, 1)]);
    expect(threads.map(({ root, replies }) => [root.id, replies.map((reply) => reply.id)])).toEqual([
      [1, [3, 5]],
      [2, [4]],
    ]);
  });
});

describe("where a draft stands", () => {
  it.each([
    [0, 0, "pending"],
    [1, 0, "approved"],
    [1, 1, "changes requested"],
  ])("%d approvals and %d objections: %s", (approvals, objections, state) => {
    expect(reviewState(draft(approvals, objections))).toBe(state);
  });
});
