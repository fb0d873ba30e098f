"""Rules look at intervals; and say so in words."""

import pytest

from evals.runs import rules

NOT_WORSE = {"kind": "not_worse", "metric": "m", "margin": 0.02}
AT_LEAST = {"kind": "at_least", "metric": "m", "value": 0.8}


def figure(value, low, high, n=100):
    return {"value": value, "low": low, "high": high, "n": n}


def outcome(rule, *, own=None, change=None, errors=0, on_main=False):
    summary = {
        "rows": 100,
        "errors": errors,
        "metrics": [{"slug": "m", "name": "M", "figure": own}],
        "labelled": {"macro_f1": own},
    }
    comparison = {"metrics": [{"slug": "m", "difference": change}]} if change else None
    return rules.judge([rule], summary, comparison, on_main=on_main)


@pytest.mark.parametrize(("low", "high", "state"), [
    (0.81, 0.9, "pass"), (0.8, 0.9, "pass"), (0.7, 0.9, "inconclusive"), (0.6, 0.8, "inconclusive"),
    (0.6, 0.79, "fail"),
])  # fmt: skip
def test_at_least(low, high, state):
    assert outcome(AT_LEAST, own=figure(0.8, low, high))[0].state == state
    assert outcome({**AT_LEAST, "metric": "macro-f1"}, own=figure(0.8, low, high))[0].state == state


@pytest.mark.parametrize(("low", "high", "state"), [
    (0.01, 0.05, "pass"), (-0.02, 0.05, "pass"), (-0.03, 0.05, "inconclusive"), (-0.3, -0.01, "inconclusive"),
    (-0.3, -0.03, "fail"), (-0.3, -0.02, "inconclusive"),
])  # fmt: skip
def test_not_worse(low, high, state):
    assert outcome(NOT_WORSE, change=figure(0.0, low, high))[0].state == state


def test_little_data_decides_nothing():
    assert outcome(AT_LEAST, own=figure(1, 0.9, 1, n=9))[0].state == "inconclusive"
    assert outcome(AT_LEAST)[0].state == "inconclusive"
    assert outcome(NOT_WORSE, change=figure(0.5, 0.4, 0.6, n=9))[0].state == "inconclusive"
    assert rules.direction(figure(0.5, 0.4, 0.6, n=9)) == "inconclusive"


def test_nothing_to_compare_with():
    assert outcome(NOT_WORSE)[0].state == "inconclusive"
    assert outcome(NOT_WORSE, on_main=True)[0].state == "pass"


def test_the_worst_outcome_counts():
    found = outcome(AT_LEAST, own=figure(0.9, 0.85, 0.95), errors=6)
    assert [o.state for o in found] == ["pass", "inconclusive"]
    assert rules.overall(found) == "inconclusive"
    assert rules.overall([*found, rules.Outcome({}, "fail", "")]) == "fail"
    assert rules.overall([]) == "pass"


@pytest.mark.parametrize(("change", "words"), [
    (figure(0.031, 0.004, 0.058), "3.1 points better (between 0.4 and 5.8 points better)"),
    (figure(-0.031, -0.058, -0.004), "3.1 points worse (between 0.4 and 5.8 points worse)"),
    (figure(0.01, -0.02, 0.04), "1.0 points better (between 2.0 points worse and 4.0 points better)"),
    (figure(0, -0.02, 0.02), "no difference (between 2.0 points worse and 2.0 points better)"),
    (figure(0, 0, 0), "no row changed"),
])  # fmt: skip
def test_words(change, words):
    assert rules.in_words(change) == words
