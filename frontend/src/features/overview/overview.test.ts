import { expect, it } from "vitest";
import { deployedAt, figuresOf, type Quality } from "./overview";

const whole = {
  requests: 40,
  errors: 2,
  error_rate: 0.05,
  latency_mean: 300,
  latency_p50: 240,
  latency_p99: 900,
  input_tokens: 1,
  output_tokens: 1,
  cost: 0.02,
};
const quality = {
  since: "2025-01-01T00:00:00Z",
  until: "2025-01-01T03:00:00Z",
  step: 3600,
  times: ["2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", "2025-01-01T02:00:00Z"],
  series: [
    {
      kind: "all",
      commit: "",
      error_rate: [0, null, 0.1],
      latency_p50: [1, null, 2],
      cost: [0, 0, 0.02],
      whole,
    },
  ],
  scores: [
    {
      metric: "tone",
      name: "Tone",
      series: [{ kind: "all", mean: [null], whole: { n: 0, mean: null, low: null, high: null } }],
    },
    {
      metric: "f1",
      name: "F1",
      series: [{ kind: "all", mean: [0.7], whole: { n: 9, mean: 0.7, low: 0.6, high: 0.8 } }],
    },
  ],
  deployments: [
    { environment: "production", at: "2025-01-01T01:59:00Z" },
    { environment: "staging", at: "2025-01-01T00:10:00Z" },
    { environment: "production", at: "2024-12-31T00:00:00Z" },
  ],
} as unknown as Quality;

it("takes the first metric that scored anything, then errors, latency and cost", () => {
  expect(figuresOf(quality).map(({ name, value, n }) => [name, value, n])).toEqual([
    ["F1", 0.7, 9],
    ["Errors", 0.05, 40],
    ["Latency, median", 240, 40],
    ["Cost", 0.02, 40],
  ]);
  expect(figuresOf(quality)[0]?.interval).toEqual([0.6, 0.8]);
});

it("marks an environment's deployments inside the range", () => {
  expect(deployedAt(quality, "production")).toEqual([1]);
});
