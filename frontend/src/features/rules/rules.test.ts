import { describe, expect, it } from "vitest";
import { groupJson, groupOf, OPERATORS, type Test } from "./conditions";
import { type Json, keysInOrder, usersOf, withMoved, withRule, withSegment } from "./document";
import { flagOf, formOf, newRule, newShare, type RuleForm, tidied, withCommit } from "./ruleForm";
import { groupInWords, namedBy, ruleInWords } from "./words";

const SHA = "8f3c1a2b".padEnd(40, "0");
const naming = namedBy((sha) => (sha === SHA ? "Shorter answers" : undefined));
const test = (field: string, operator: Test["operator"], value = ""): Test => ({
  ...{ kind: "test", field, operator, value },
});

/** A rule that gives SHA to callers with plan pro. */
function sample(): RuleForm {
  const [form, variant] = withCommit({ ...newRule("commit"), key: "pro" }, SHA);
  const who = { kind: "group" as const, join: "all" as const, items: [test("plan", "is", "pro")] };
  return { ...form, lines: [{ who, share: null, variant }] };
}

describe("conditions", () => {
  it.each(OPERATORS.map((each) => each.value))("reads what it writes: %s", (operator) => {
    const value = operator.startsWith("version") ? "2.1" : /above|below|at_/.test(operator) ? "18" : "a";
    const without = ["yes", "no", "set", "not_set"].includes(operator);
    const group = {
      kind: "group" as const,
      join: "all" as const,
      items: [test("age", operator, without ? "" : value)],
    };
    expect(groupOf(groupJson(group))).toEqual(group);
  });

  it("keeps what other tools write, and what nobody can show", () => {
    const theirs: Json[] = [
      { "===": [{ var: "plan" }, "pro"] },
      { "!": { in: [{ var: ["country"] }, ["de", "at"]] } },
      { ">": [{ var: "age" }, 18] },
      { and: [{ "==": [{ var: "plan" }, 3] }, { some: [{ var: "list" }, { var: "" }] }] },
      { or: [{ $ref: "beta" }, { "!": [{ $ref: "staff" }] }] },
      { and: [{ var: "a" }] },
    ];
    for (const json of theirs) expect(groupJson(groupOf(json))).toEqual(json);
    const [first] = groupOf(theirs[0] ?? null).items;
    expect(first).toMatchObject({ operator: "is", value: "pro" });
    const other = { some: [{ var: "list" }, { var: "" }] };
    expect(groupOf(theirs[3] ?? null).items[1]).toEqual({ kind: "other", json: other });
  });

  it("finds a number in a list whether the caller sends it as a number or as a text", () => {
    const group = { kind: "group" as const, join: "all" as const, items: [test("shop", "one_of", "3, 4")] };
    expect(groupJson(group)).toEqual({ in: [{ var: "shop" }, [3, 4, "3", "4"]] });
    expect(groupOf(groupJson(group))).toEqual(group);
  });
});

describe("rules", () => {
  it("are said in plain words", () => {
    expect(ruleInWords(sample(), naming)).toBe(
      "Callers where plan is “pro” get 8f3c1a2b “Shorter answers”; everyone else goes on to the next rule, in the end to what is live.",
    );
  });

  it("say every comparison so that one can read it aloud", () => {
    const words = (operator: Test["operator"], value: string) =>
      groupInWords({ kind: "group", join: "all", items: [test("app", operator, value)] });
    expect(words("version_least", "2.1")).toBe("app is at least 2.1");
    expect(words("version_major", "2")).toBe("app has the same major version as 2");
    expect(words("above", "3")).toBe("app is above 3");
    expect(words("one_of", "a,b")).toBe("app is one of a, b");
    expect(words("set", "")).toBe("app is given");
  });

  it("become flagd's flag and come back", () => {
    const flag = flagOf(sample());
    expect(flag).toEqual({
      state: "ENABLED",
      variants: { live: "live", "8f3c1a2b": SHA },
      defaultVariant: "live",
      targeting: { if: [{ "==": [{ var: "plan" }, "pro"] }, "8f3c1a2b"] },
      metadata: { serves: "commit" },
    });
    expect(formOf("pro", flag)).toEqual(sample());
  });

  it("split people as ramp() does, and a larger share keeps the seed", () => {
    const form = sample();
    const [line] = form.lines;
    if (!line) throw new Error("no line");
    const share = { ...newShare("pro", "8f3c1a2b"), seed: "s" };
    const flag = flagOf({ ...form, lines: [{ ...line, share }] });
    expect(flag["metadata"]).toEqual({ serves: "commit", hash: "murmur3-cbor", seed: "s" });
    expect(flag["targeting"]).toEqual({
      if: [
        {
          and: [
            { "==": [{ var: "plan" }, "pro"] },
            { "!": [{ missing: ["targetingKey"] }] },
            {
              fractional: [
                { cat: ["s/exposure/", { var: "targetingKey" }] },
                [true, 10_000],
                [false, 90_000],
              ],
            },
          ],
        },
        "8f3c1a2b",
      ],
    });
    const back = formOf("pro", flag);
    expect(back?.lines[0]?.share).toEqual(share);
    const wider = flagOf({ ...form, lines: [{ ...line, share: { ...share, percent: 40 } }] });
    expect(JSON.stringify(wider)).toBe(
      JSON.stringify(flag).replace("10000", "40000").replace("90000", "60000"),
    );
  });

  it("stay written by hand when the form cannot say them", () => {
    const flag = (targeting: Json): Json => ({
      state: "ENABLED",
      variants: { a: 1 },
      defaultVariant: "a",
      targeting,
    });
    expect(formOf("r", flag({ fractional: [["a", 1]] }))).toBeNull();
    expect(formOf("r", flag({ if: [true, { var: "x" }] }))).toBeNull();
    expect(formOf("r", flag({ if: [{ nope: [] }, "a"] }))?.lines[0]?.who.items[0]?.kind).toBe("other");
    expect(formOf("r", 7)).toBeNull();
  });

  it("read what says nothing as left out", () => {
    const base: Json = { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "off" };
    const test: Json = { "==": [{ var: "plan" }, "pro"] };
    const form = formOf("r", { ...base, targeting: { if: [test, "on", null] }, metadata: {} });
    expect(form).toEqual(formOf("r", { ...base, targeting: { if: [test, "on"] } }));
    expect([form?.lines[0]?.variant, form?.otherwise]).toEqual(["on", "off"]);
    expect(formOf("r", { ...base, targeting: {} })).toEqual(formOf("r", base));
  });

  it("lose the commits that nobody gets", () => {
    const [form] = withCommit(sample(), "a".repeat(40));
    expect(tidied(form).variants.map((variant) => variant.name)).toEqual(["live", "8f3c1a2b"]);
  });
});

describe("the document", () => {
  const rule = (order?: number): Json => ({ state: "ENABLED", ...(order ? { metadata: { order } } : {}) });

  it("keeps the order of its rules in their metadata", () => {
    const document = { flags: { bb: rule(1), a: rule(2), c: rule(3) } };
    expect(keysInOrder(document)).toEqual(["bb", "a", "c"]);
    const moved = withMoved(document, "c", -1);
    expect(keysInOrder(moved)).toEqual(["bb", "c", "a"]);
    expect(keysInOrder(withRule(moved, "z", rule(), "c"))).toEqual(["bb", "z", "a"]);
    expect(keysInOrder(withRule(moved, "c", null))).toEqual(["bb", "a"]);
    expect(keysInOrder(withRule(moved, "new", rule()))).toEqual(["bb", "c", "a", "new"]);
  });

  it("renames a segment where it is named", () => {
    const document = {
      flags: { a: { targeting: { if: [{ $ref: "beta" }, "x"] } } },
      $evaluators: { beta: true, more: { or: [{ $ref: "beta" }, false] } },
    };
    expect(usersOf(document, "beta")).toEqual(["a", "more"]);
    const made = withSegment(document, "testers", false, "beta");
    expect(made).toEqual({
      flags: { a: { targeting: { if: [{ $ref: "testers" }, "x"] } } },
      $evaluators: { testers: false, more: { or: [{ $ref: "testers" }, false] } },
    });
    expect(usersOf(made, "beta")).toEqual([]);
  });
});
