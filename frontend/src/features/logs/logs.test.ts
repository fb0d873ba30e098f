import { expect, it } from "vitest";
import { bars } from "./logs";

const HOUR = 3600;
const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour)).toISOString();
const found = { step: HOUR, items: [{ at: at(10), ok: 3, errors: 1 }] };

it("draws the whole range that was asked for", () => {
  const shown = bars(
    found,
    { from: new Date(Date.parse(at(8)) + 60_000).toISOString() },
    Date.parse(at(12)) + 5,
  );
  expect(shown.x.map((x) => new Date(x * 1000).toISOString())).toEqual([
    at(8),
    at(9),
    at(10),
    at(11),
    at(12),
  ]);
  expect(shown.ok).toEqual([0, 0, 3, 0, 0]);
  expect(shown.errors).toEqual([0, 0, 1, 0, 0]);
});

it("draws nothing where nothing was found", () => {
  expect(bars({ step: HOUR, items: [] }, {})).toEqual({ x: [], ok: [], errors: [] });
});
