import { describe, expect, it } from "vitest";
import {
  faultsOf,
  guardsOf,
  NEW_GUARD,
  nobodyToCompare,
  PRESETS,
  planInWords,
  planOf,
  stepsOf,
  withOneMore,
} from "./plans";

const errors = { ...NEW_GUARD, id: 1, what: "errors", by: "5", action: "rollback" as const };
const step = { id: 1, percent: "5", segment: "", hold: "hours" as const, amount: "1" };

describe("a plan", () => {
  it("is read aloud with what stops it", () => {
    const steps = [
      { ...step, percent: "100", segment: "staff", hold: "approval" as const },
      step,
      { ...step, percent: "25", hold: "scored" as const, amount: "500" },
      { ...step, percent: "100", hold: "nothing" as const },
    ];
    const judged = { ...NEW_GUARD, id: 2, what: "score:tone", prompt: "triage", tolerated: "2" };
    expect(planInWords(steps, [errors, judged], () => "Tone")).toBe(
      "All of “staff” until a person approves, then 5 % for 1 hour, then 25 % until 500 scored requests, then everybody. " +
        "It rolls back by itself when it is sure that the error rate is higher; " +
        "it pauses by itself when it is sure that “Tone” is more than 2 points lower for triage.",
    );
    expect(planInWords([step], [], () => "")).toBe("5 % for 1 hour. Nothing stops it by itself.");
  });

  it("is sent as the server takes it", () => {
    expect(planOf([step])[0]?.hold).toEqual({ seconds: 3600, requests: 0, scored: 0, approval: false });
    expect(guardsOf([{ ...errors, tolerated: "1" }])).toEqual([
      {
        measure: "errors",
        metric: "",
        prompt: "",
        bound: null,
        catch: 0.05,
        tolerated: 0.01,
        action: "rollback",
      },
    ]);
    expect(guardsOf([{ ...errors, what: "score:tox", worse: "higher" }])[0]?.higher_is_worse).toBe(true);
  });

  it("names what cannot be sent by its field", () => {
    expect(PRESETS.map((preset) => faultsOf(stepsOf(preset), [errors]))).toEqual(PRESETS.map(() => ({})));
    const wrong = faultsOf(
      [{ ...step, percent: "many", amount: "" }],
      [{ ...errors, what: "slow", by: "0", tolerated: "-1", bound: "" }],
    );
    expect(Object.keys(wrong).toSorted()).toEqual([
      "guards.0.bound",
      "guards.0.catch",
      "guards.0.tolerated",
      "plan.0.hold",
      "plan.0.percent",
    ]);
  });

  it("ends with everybody, or with a person's word", () => {
    const says = (last: object) => Object.keys(faultsOf([{ ...step, ...last }], []));
    expect(says({ percent: "5" })).toEqual(["plan.0.percent"]);
    expect(says({ percent: "100", segment: "staff" })).toEqual(["plan.0.percent"]);
    expect(says({ percent: "5", hold: "approval" })).toEqual([]);
    expect(says({ percent: "100" })).toEqual([]);
  });

  it("gets a step before the end, and says where nobody is left to compare with", () => {
    const end = { ...step, percent: "100", hold: "nothing" as const };
    expect(withOneMore([{ ...step, percent: "50" }, end]).map((one) => one.percent)).toEqual([
      "50",
      "75",
      "100",
    ]);
    expect(withOneMore([step]).map((one) => one.percent)).toEqual(["5", "100"]);
    expect(nobodyToCompare(end)).toBeUndefined();
    expect(nobodyToCompare({ ...end, hold: "hours" })).toContain("Everybody has the candidate here");
    expect(nobodyToCompare({ ...end, percent: "95", hold: "hours" })).toBeUndefined();
  });
});
