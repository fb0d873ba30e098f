import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import MarkdownText from "./MarkdownText";

const page = (text: string, words?: (plain: string) => string) => {
  const box = document.createElement("div");
  box.innerHTML = renderToStaticMarkup(<MarkdownText text={text} {...(words ? { words } : {})} />);
  return box;
};

describe("what people write", () => {
  it.each([
    "<img src=x onerror=alert(1)>",
    "a <script>alert(1)</script> b",
    "<b onclick=alert(1)>press</b>",
    "<iframe src='https://x.example'></iframe>",
  ])("%s stays text", (text) => {
    const shown = page(text);
    expect(shown.querySelector("img, script, b, iframe")).toBeNull();
    expect(shown.textContent).toBe(text);
  });

  it.each([
    "[a](javascript:alert(1))",
    "[a]( JaVaScRiPt:alert(1))",
    "[a](data:text/html,x)",
    "<javascript:alert(1)>",
    "[a][b]\n\n[b]: javascript:alert(1)",
    "![a](javascript:alert(1))",
  ])("%s leads nowhere", (text) => {
    for (const link of page(text).querySelectorAll("a"))
      expect(link.getAttribute("href") ?? "").not.toMatch(/script:|data:/i);
  });

  it("links tell nobody where they stand, and images are links", () => {
    const links = [...page("https://a.example ![b](https://b.example/c.png)").querySelectorAll("a")];
    expect(links.map((link) => link.rel)).toEqual(["noreferrer nofollow", "noreferrer nofollow"]);
  });

  it("makes no ids and no controls of what was written", () => {
    const shown = page("# comment-1\n\n- [x] done\n\nsee[^main]\n\n[^main]: there");
    expect(shown.querySelectorAll("[id], input")).toHaveLength(0);
  });

  it("keeps a first block between dashes, as prompts have it", () => {
    expect(page("---\nmodel: small\n---\nis wrong").textContent).toContain("model: small");
  });

  it("hands over words, not code", () => {
    const seen: string[] = [];
    page("Ask @max about `@code`, _soon_", (plain) => {
      seen.push(plain);
      return plain;
    });
    expect(seen.join("")).toBe("Ask @max about , soon");
  });

  it("shows a very long text as it is", () => {
    expect(page("*a".repeat(10_001)).querySelector("em")).toBeNull();
  });
});
