import { fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { Diff } from "./Diff";

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
});

const old = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`).join("\n");
const next = old.replace("line 15", "line fifteen");

it("anchors lines, folds the rest and opens it", () => {
  const { container } = render(<Diff path="a.txt" old={old} new={next} />);
  expect(container.querySelector('[id="a.txt:L15"]')).toBeTruthy();
  expect(container.querySelector('[id="a.txt:R15"]')).toBeTruthy();
  expect(container.querySelector('[id="a.txt:L1"]')).toBeNull();
  fireEvent.click(screen.getByText("11 unchanged lines"));
  expect(container.querySelector('[id="a.txt:L1"]')).toBeTruthy();
});

it("puts words between the lines and starts a comment", () => {
  const asked = vi.fn();
  const between = (side: string, line: number) => (side === "new" && line === 15 ? <p>Why?</p> : null);
  render(<Diff path="a.txt" old={old} new={next} mode="unified" between={between} onComment={asked} />);
  expect(screen.getAllByText("Why?")).toHaveLength(1);
  fireEvent.click(screen.getByLabelText("Comment on old line 15"));
  expect(asked.mock.calls).toEqual([["old", 15]]);
});

it("says when nothing changed", () => {
  render(<Diff path="a.txt" old="a\n" new="a\n" />);
  expect(screen.getByText("The text is the same.")).toBeTruthy();
});
