import { expect, test } from "vitest";
import { configOf } from "./playground";

const variant = { source: "text", model: "", temperature: "", max_output_tokens: "" };

test("only typed settings stand in for the prompt's own", () => {
  expect(configOf(variant)).toEqual({});
  expect(configOf({ ...variant, temperature: "0" })).toEqual({ temperature: 0 });
  expect(configOf({ ...variant, temperature: " 0.5 ", max_output_tokens: "20" })).toEqual({
    temperature: 0.5,
    max_output_tokens: 20,
  });
  expect(configOf({ ...variant, temperature: "warm" })).toEqual({ temperature: "warm" });
});
