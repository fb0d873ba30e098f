import { describe, expect, it } from "vitest";
import { ANY_PROMPT, askedOf, snippets } from "./connecting";

describe("askedOf", () => {
  it("names the first prompt that is live, with its plain variables", () => {
    const text =
      '{{role "system"}}\nBe kind.\n{{history}}{{role "user"}}\n{{ question }} {{tone}} {{question}}';
    const other = { name: "zeta", text: "{{other}}" };
    const asked = askedOf([{ name: "support/reply", text }, other]);
    expect(asked).toEqual({ name: "support/reply", variables: ["question", "tone"] });
    const lines = snippets("https://v.example.org", "production", asked).map((item) => item.text);
    expect(lines[0]).toContain('prompt = client.prompt("support/reply")');
    expect(lines[0]).toContain('prompt.messages({"question": "…", "tone": "…"})');
    expect(lines[2]).toContain('"prompts.support.reply"');
    expect(lines.join()).not.toContain("triage");
  });

  it("has a placeholder where nothing is live", () => {
    expect(askedOf([])).toBe(ANY_PROMPT);
  });
});
