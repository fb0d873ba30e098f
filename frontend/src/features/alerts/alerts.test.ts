import { describe, expect, it } from "vitest";
import type { Figures, Rule } from "./alerts";
import { blankForm, fieldsOf, formOf, withKind } from "./ruleForm";
import { axisOf, intervalOf, limitOf, minutesInWords, scopeOf, standingInWords, subjectOf } from "./words";

const found: Figures = {
  value: 0.4,
  low: 0.309,
  high: 0.498,
  n: 100,
  method: "Wilson score",
  threshold: 0.05,
  standing: "beyond",
  problem: "",
  from: "2026-01-01T12:00:00Z",
  to: "2026-01-01T12:15:00Z",
};

describe("words", () => {
  it("says what fires where", () => {
    expect(subjectOf({ kind: "latency", quantile: 0.5 })).toBe("p50 latency");
    expect(limitOf({ kind: "errors", threshold: 0.05 })).toBe("above 5 %");
    expect(limitOf({ kind: "score", threshold: 0.8 })).toBe("below 0.8");
    expect(limitOf({ kind: "cost", threshold: 0.5 })).toBe("above $0.50/h");
    expect(scopeOf({ prompt: "triage", environment: "production" })).toBe("triage in production");
    expect(scopeOf({ prompt: "", environment: "" })).toBe("all prompts, all environments");
    expect([1, 15, 60, 90, 1440].map(minutesInWords)).toEqual([
      "1 min",
      "15 min",
      "1 h",
      "1 h 30 min",
      "1 d",
    ]);
  });

  it("gives intervals only where they say something", () => {
    expect(intervalOf("errors", found)).toBe("30.9 % to 49.8 %");
    expect(intervalOf("traffic", { value: 3, low: 3, high: 3 })).toBeUndefined();
    expect(intervalOf("latency", { value: 900, low: 500, high: null })).toBe("500 ms to unknown");
    expect(intervalOf("errors", { value: null, low: null, high: null })).toBeUndefined();
  });

  it("says how sure it is", () => {
    const rule = { kind: "errors" as const, minimum_n: 20, sure: true };
    expect(standingInWords(found, rule)).toBe("The whole interval is above the limit.");
    expect(standingInWords({ ...found, standing: "few", n: 7 }, rule)).toBe(
      "Too few to tell: 7 of at least 20.",
    );
    expect(standingInWords({ ...found, problem: "Gone." }, rule)).toBe("Gone.");
  });

  it("puts value, interval and limit on one axis", () => {
    const axis = axisOf(found);
    const places = [found.threshold, 0.309, 0.4, 0.498].map(axis);
    expect(places).toEqual([...places].sort());
    expect(Math.min(...places)).toBeGreaterThan(0);
    expect(Math.max(...places)).toBeLessThan(1);
    expect(axisOf({ value: 0, low: 0, high: 0, threshold: 0 })(0)).toBe(0.5);
  });
});

describe("the form of a rule", () => {
  it("writes errors in per cent and sends shares", () => {
    const form = { ...blankForm([3]), name: " Errors ", limit: "7" };
    expect(fieldsOf(form)).toMatchObject({ name: "Errors", threshold: 0.07, channels: [3], metric: "" });
    const rule = { ...fieldsOf(form), quantile: 0.99 } as unknown as Rule;
    expect(formOf(rule).limit).toBe("7");
  });

  it("begins the limit anew with another kind, and sends what is no number as it was typed", () => {
    expect(withKind(blankForm([]), "latency").limit).toBe("5000");
    expect(fieldsOf({ ...blankForm([]), limit: "many" }).threshold).toBe("many");
  });
});
