import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync("src/ui/tokens.css", "utf8");
const blocks = [...css.matchAll(/:root[^{]*\{([^}]*)\}/g)].map((match) => values(match[1] ?? ""));
const [light, dark, system] = blocks as [
  Record<string, string>,
  Record<string, string>,
  Record<string, string>,
];

function values(block: string): Record<string, string> {
  return Object.fromEntries(
    [...block.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map((match) => [match[1], match[2]]),
  );
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

it("has the same dark values by choice and by system", () => {
  expect(system).toEqual(dark);
});

describe.each([
  ["light", light],
  ["dark", { ...light, ...dark }],
])("%s", (_name, tokens) => {
  const of = (name: string) => tokens[`--${name}`] ?? "";
  const grounds = ["bg", "surface", "sunken", "hover"];
  const inks = ["text", "text-2", "text-3", "accent-text", "ok", "warn", "bad"];
  const pairs = [
    ...inks.flatMap((ink) => grounds.map((ground) => [ink, ground, 4.5] as const)),
    ...["ok", "warn", "bad"].map((state) => [state, `${state}-bg`, 4.5] as const),
    ["accent-text", "accent-bg", 4.5],
    ["on-accent", "accent", 4.5],
    ["on-accent", "bad-solid", 4.5],
    ...["key", "string", "number", "tag", "comment"].flatMap((kind) =>
      ["surface", "add-bg", "del-bg"].map((ground) => [`code-${kind}`, ground, 4.5] as const),
    ),
    ...["add-word", "del-word"].map((ground) => ["text", ground, 4.5] as const),
    ["border-input", "surface", 3],
    ...[1, 2, 3, 4, 5, 6].map((slot) => [`series-${slot}`, "surface", 3] as const),
  ] as [string, string, number][];
  it.each(pairs)("%s on %s has at least %s : 1", (ink, ground, least) => {
    expect(contrast(of(ink), of(ground))).toBeGreaterThanOrEqual(least);
  });
});
