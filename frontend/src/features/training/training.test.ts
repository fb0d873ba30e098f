import { expect, test } from "vitest";
import { hasHole, numbers, type Point, wilson, withPoints } from "./training";

const point = (step: number, loss: number): Point => ({
  step,
  epoch: 0,
  loss,
  learning_rate: null,
  val_loss: null,
  val_exact: null,
  tokens: 0,
  seconds: 0,
});

const message = (points: object[]) => ({
  kind: "training.progress",
  subject: { kind: "training", id: "1" },
  data: { points },
});

test("live steps are added in order and replace those that are there", () => {
  const shown = withPoints(
    [point(1, 3), point(2, 2)],
    message([
      { step: 3, loss: 1 },
      { step: 2, loss: 1.9 },
    ]),
  );
  expect(shown.map((item) => [item.step, item.loss])).toEqual([
    [1, 3],
    [2, 1.9],
    [3, 1],
  ]);
  expect(shown[2]?.val_loss).toBeNull();
});

test("typed parameters are sent as numbers", () => {
  const typed = { rank: "8", learning_rate: "0.0010", alpha: "", seed: "x", targets: ["q_proj"] };
  expect(numbers(typed)).toEqual({ ...typed, rank: 8, learning_rate: 0.001 });
});

test("a hole is seen", () => {
  expect(hasHole([])).toBe(false);
  expect(hasHole([point(0, 1), point(1, 1), point(2, 1)])).toBe(false);
  expect(hasHole([point(1, 1), point(2, 1)])).toBe(false);
  expect(hasHole([point(1, 1), point(7, 1)])).toBe(true);
});

test("the interval of a share is Wilson's", () => {
  const [low, high] = wilson(8, 10);
  expect(low).toBeCloseTo(0.4902, 3);
  expect(high).toBeCloseTo(0.9433, 3);
  expect(wilson(0, 5)[0]).toBe(0);
});
