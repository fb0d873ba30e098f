import { describe, expect, it } from "vitest";
import { limitWords, span } from "./gateway";

const NONE = {
  requests_per_minute: null,
  tokens_per_minute: null,
  tokens_per_day: null,
  tokens_per_month: null,
  dollars_per_day: null,
  dollars_per_month: null,
};

describe("limits in words", () => {
  it("names what is limited", () => {
    expect(limitWords(NONE)).toBe("none");
    expect(limitWords({ ...NONE, requests_per_minute: 60, dollars_per_day: "2.5000" })).toBe(
      "60 requests/min, $2.5 a day",
    );
  });

  it("says seconds as people do", () => {
    expect([45, 90, 300, 7200, 86_400].map(span)).toEqual(["45 s", "90 s", "5 min", "2 h", "1 d"]);
  });
});
