import { expect, it } from "vitest";
import { languageOf, tokenize } from "./syntax";

const PROMPT = `---
model: local/smollm2-135m # small
config:
  temperature: 0.2
---
{{role "system"}}
Hello {{name}}, {{! note }} {{#if vip}}dear{{/if}}`;

const kinds = (text: string, language: "prompt" | "yaml" | "json") =>
  tokenize(text, language).map((line) =>
    line.filter((token) => token.kind !== "plain").map((token) => [token.kind, token.text]),
  );

it("colours a prompt's front matter as YAML and its rest as a template", () => {
  expect(kinds(PROMPT, "prompt")).toEqual([
    [["mark", "---"]],
    [
      ["key", "model"],
      ["mark", ":"],
      ["comment", "# small"],
    ],
    [
      ["key", "config"],
      ["mark", ":"],
    ],
    [
      ["key", "temperature"],
      ["mark", ":"],
      ["number", "0.2"],
    ],
    [["mark", "---"]],
    [["tag", '{{role "system"}}']],
    [
      ["key", "{{name}}"],
      ["comment", "{{! note }}"],
      ["tag", "{{#if vip}}"],
      ["tag", "{{/if}}"],
    ],
  ]);
});

it.each(["prompt", "yaml", "json", "text"] as const)("loses no character as %s", (language) => {
  const odd = `${PROMPT}\n{"a": [1, "b\\"c", true]}\n{{#each "}}\n\t'open\n{ { %$§\n`;
  expect(
    tokenize(odd, language)
      .map((line) => line.map((token) => token.text).join(""))
      .join("\n"),
  ).toBe(odd);
});

it("knows languages by name", () => {
  expect(["a.prompt", "b.yml", "c.yaml", "d.schema.json", "README.md"].map(languageOf)).toEqual([
    "prompt",
    "yaml",
    "yaml",
    "json",
    "text",
  ]);
});
