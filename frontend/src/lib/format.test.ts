import { describe, expect, it } from "vitest";
import {
  formatBytes,
  formatCompact,
  formatCost,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRelative,
  plural,
} from "./format";

describe("figures", () => {
  it.each([
    [1204, undefined, "1,204"],
    [0.8734, undefined, "0.873"],
    [12.44, undefined, "12.4"],
    [0.5, 2, "0.50"],
    [-0.09, undefined, "-0.09"],
    [Number.NaN, undefined, "–"],
  ])("writes %s (digits %s) as %s", (value, digits, words) => {
    expect(formatNumber(value, digits)).toBe(words);
  });

  it.each([
    [950, "950"],
    [1234, "1.23k"],
    [3_400_000, "3.4M"],
  ])("writes %s in short as %s", (value, words) => {
    expect(formatCompact(value)).toBe(words);
  });

  it.each([
    [84.4, "84 ms"],
    [1240, "1.24 s"],
    [12_400, "12.4 s"],
    [200_000, "3 min 20 s"],
    [3_600_000, "1 h"],
    [7_500_000, "2 h 5 min"],
    [90_000_000, "1 d 1 h"],
  ])("writes %s ms as %s", (ms, words) => {
    expect(formatDuration(ms)).toBe(words);
  });

  it.each([
    [0, "$0"],
    [12.4, "$12.40"],
    [0.00312, "$0.0031"],
  ])("writes %s dollars as %s", (dollars, words) => {
    expect(formatCost(dollars)).toBe(words);
  });

  it("writes bytes, shares and counts", () => {
    expect(formatBytes(512)).toBe("512 B");
    expect(formatBytes(93_400_000)).toBe("93.4 MB");
    expect(formatPercent(0.0734)).toBe("7.3 %");
    expect(formatPercent(0.5)).toBe("50 %");
    expect(plural(1, "draft")).toBe("1 draft");
    expect(plural(3, "reply", "replies")).toBe("3 replies");
  });
});

describe("times", () => {
  const now = new Date("2025-03-12T12:00:00Z");
  it.each([
    ["2025-03-12T11:59:40Z", "just now"],
    ["2025-03-12T11:55:00Z", "5 min ago"],
    ["2025-03-12T15:00:00Z", "in 3 h"],
    ["2025-03-11T12:00:00Z", "1 d ago"],
    ["2025-02-01T12:00:00Z", "1 Feb"],
    ["2024-02-01T12:00:00Z", "1 Feb 2024"],
  ])("says %s as %s", (at, words) => {
    expect(formatRelative(new Date(at), now)).toBe(words);
  });
});
