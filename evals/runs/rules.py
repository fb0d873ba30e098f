"""Rules of a suite: what must hold for its check to pass. Pure.

    {"kind": "at_least", "metric": "exact-match", "value": 0.8}      the figure is at least 0.8
    {"kind": "not_worse", "metric": "exact-match", "margin": 0.02}   not worse than main by more than 0.02

`metric` is a metric's slug or `macro-f1`. A rule looks at the interval: it passes when the whole interval is on the
good side, fails when it is wholly on the bad one, and is inconclusive when more rows would be needed to tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MACRO_F1 = "macro-f1"
FEWEST = 10  # rows or pairs below which no rule is decided
MOST_ERRORS = 0.05  # share of rows without an output above which nothing passes
ORDER = {"fail": 0, "inconclusive": 1, "pass": 2}


@dataclass(frozen=True)
class Outcome:
    """How one rule came out: pass, fail or inconclusive, and in words."""

    rule: Mapping[str, Any]
    state: str
    words: str

    def as_json(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def judge(
    rules: Sequence[Mapping[str, Any]],
    summary: Mapping[str, Any],
    comparison: Mapping[str, Any] | None,
    *,
    on_main: bool,
) -> list[Outcome]:
    """Every rule's outcome, and one more when too many rows have no output."""
    names = {MACRO_F1: "Macro-F1", **{metric["slug"]: metric["name"] for metric in summary["metrics"]}}
    outcomes = [
        _at_least(rule, names.get(rule["metric"], rule["metric"]), summary)
        if rule["kind"] == "at_least"
        else _not_worse(rule, names.get(rule["metric"], rule["metric"]), comparison, on_main)
        for rule in rules
    ]
    rows, errors = summary["rows"], summary["errors"]
    if errors > MOST_ERRORS * rows:
        words = f"{errors} of {rows} rows got no output, more than {percent(MOST_ERRORS)}."
        outcomes.append(Outcome({"kind": "errors"}, "inconclusive", words))
    return outcomes


def overall(outcomes: Sequence[Outcome]) -> str:
    """The worst of all outcomes; pass for none."""
    return min((outcome.state for outcome in outcomes), key=lambda state: ORDER[state], default="pass")


def percent(value: float) -> str:
    """A share for people: 12.3 %."""
    return f"{100 * value:.3g} %" if abs(value) < 0.0995 else f"{100 * value:.1f} %"


def points(value: float) -> str:
    """A difference of shares for people, in percentage points without a sign."""
    return f"{100 * abs(value):.1f} points"


def _figure(summary: Mapping[str, Any], metric: str) -> Mapping[str, Any] | None:
    if metric == MACRO_F1:
        return (summary.get("labelled") or {}).get("macro_f1")
    return next((m["figure"] for m in summary["metrics"] if m["slug"] == metric), None)


def _at_least(rule: Mapping[str, Any], name: str, summary: Mapping[str, Any]) -> Outcome:
    figure, wanted = _figure(summary, rule["metric"]), rule["value"]
    if figure is None or figure["n"] < FEWEST:
        return Outcome(rule, "inconclusive", f"{name}: fewer than {FEWEST} rows have a score.")
    reached = f"{name} is {percent(figure['value'])} ({_span(figure)})"
    if figure["low"] >= wanted:
        return Outcome(rule, "pass", f"{reached}, at least {percent(wanted)}.")
    if figure["high"] < wanted:
        return Outcome(rule, "fail", f"{reached}, below {percent(wanted)}.")
    return Outcome(rule, "inconclusive", f"{reached}; whether it is at least {percent(wanted)} cannot be told.")


def _not_worse(rule: Mapping[str, Any], name: str, comparison: Mapping[str, Any] | None, on_main: bool) -> Outcome:
    metric, margin = rule["metric"], rule["margin"]
    if comparison is None:
        if on_main:
            return Outcome(rule, "pass", f"{name}: this is main itself, so there is nothing to be worse than.")
        return Outcome(rule, "inconclusive", f"{name}: there is no evaluation of main to compare with.")
    found = next((m for m in comparison["metrics"] if m["slug"] == metric), None)
    if found is None or found["difference"] is None or found["difference"]["n"] < FEWEST:
        return Outcome(rule, "inconclusive", f"{name}: fewer than {FEWEST} rows have a score in both.")
    change = found["difference"]
    said = f"{name}: {in_words(change)}"
    if change["low"] >= -margin:
        return Outcome(rule, "pass", f"{said}; not worse than main by more than {points(margin)}.")
    if change["high"] < -margin:
        return Outcome(rule, "fail", f"{said}; worse than main by more than {points(margin)}.")
    return Outcome(rule, "inconclusive", f"{said}; worse by more than {points(margin)} cannot be excluded.")


def direction(change: Mapping[str, Any]) -> str:
    """better, worse or inconclusive, by whether the interval of the difference excludes 0."""
    if change["n"] < FEWEST:
        return "inconclusive"
    if change["low"] > 0:
        return "better"
    return "worse" if change["high"] < 0 else "inconclusive"


def in_words(change: Mapping[str, Any]) -> str:
    """A difference and its interval as a phrase: "3.1 points better (between 0.4 and 5.8 points better)"."""
    value, low, high = change["value"], change["low"], change["high"]
    if value == low == high == 0:
        return "no row changed"
    middle = f"{points(value)} {'better' if value > 0 else 'worse'}" if value else "no difference"
    if low >= 0:
        between = f"between {100 * low:.1f} and {points(high)} better"
    elif high <= 0:
        between = f"between {100 * -high:.1f} and {points(low)} worse"
    else:
        between = f"between {points(low)} worse and {points(high)} better"
    return f"{middle} ({between})"


def _span(figure: Mapping[str, Any]) -> str:
    return f"{percent(figure['low'])} to {percent(figure['high'])}"
