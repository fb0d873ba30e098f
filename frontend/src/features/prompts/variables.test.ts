import { describe, expect, it } from "vitest";
import type { PromptOverview } from "./files";
import { exampleValues, typeWords, variablesOf } from "./variables";

const overview: PromptOverview = {
  name: "reply",
  description: null,
  model: null,
  config: {},
  defaults: { tone: "kind" },
  variables: ["message", "orders"],
  adapter: null,
  output: { format: null, schema: null },
  input_schema: {
    properties: {
      message: { type: "string", description: "what was written" },
      tone: { type: ["string", "null"] },
      orders: {
        type: "array",
        items: { type: "object", properties: { id: { type: "string" }, n: { type: "integer" } } },
      },
      queue: { enum: ["order", "refund"] },
      urgent: { type: "boolean" },
    },
    required: ["message", "orders", "queue"],
  },
};

describe("a prompt's variables", () => {
  it("come from the schema, in its order, and say whether the template uses them", () => {
    expect(
      variablesOf(overview).map(({ name, type, required, used }) => [name, type, required, used]),
    ).toEqual([
      ["message", "string", true, true],
      ["tone", "string", false, false],
      ["orders", "list of object", true, true],
      ["queue", "order | refund", true, false],
      ["urgent", "boolean", false, false],
    ]);
  });

  it("come from the template where there is no schema", () => {
    const bare = { ...overview, input_schema: null, defaults: {} };
    expect(variablesOf(bare).map(({ name, type }) => [name, type])).toEqual([
      ["message", "any"],
      ["orders", "any"],
    ]);
    expect(exampleValues(bare)).toEqual({ message: "⟨message⟩", orders: "⟨orders⟩" });
  });

  it("have examples: defaults, and names in brackets for what is required", () => {
    expect(exampleValues(overview)).toEqual({
      message: "⟨message⟩",
      tone: "kind",
      orders: [{ id: "⟨id⟩", n: 1 }],
      queue: "order",
    });
  });

  it("are named plainly", () => {
    expect(typeWords({})).toBe("any");
    expect(typeWords({ type: "array" })).toBe("list");
  });
});
