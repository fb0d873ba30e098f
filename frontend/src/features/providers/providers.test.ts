import { expect, test } from "vitest";
import { readModels, writeModels } from "./providers";

test("models and prices are read from lines and written back", () => {
  const models = [
    { id: "gpt-4o", input_price: "2.50", output_price: "10" },
    { id: "llama/8b", input_price: null, output_price: null },
  ];
  expect(readModels("gpt-4o 2.50 10\n\n  llama/8b  ")).toEqual(models);
  expect(readModels(writeModels(models))).toEqual(models);
});
