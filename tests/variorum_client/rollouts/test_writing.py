"""Plans and guards as people write them: what they mean, and what is refused in words."""

import re
from pathlib import Path
from typing import Any

import pytest

from variorum_client.rollouts.writing import PLANS, guards_of, plan_of

PAGE = Path(__file__).parents[3] / "frontend" / "src" / "features" / "rollouts" / "plans.ts"


@pytest.mark.parametrize(
    ("text", "percent", "hold"),
    [
        ("5%:1h", 5, {"seconds": 3600}),
        ("0.5 %: 90 min", 0.5, {"seconds": 5400}),
        ("25%:500scores", 25, {"scored": 500}),
        ("50%:2000requests+2d+approval", 50, {"requests": 2000, "seconds": 172_800, "approval": True}),
        ("100%", 100, {}),
    ],
)
def test_steps(text: str, percent: float, hold: dict[str, Any]) -> None:
    assert plan_of("careful", [text]) == [{"percent": percent, "segment": "", "name": "", "hold": hold}]


def test_a_step_for_an_audience() -> None:
    (step,) = plan_of("careful", ["100%@beta testers:approval"])
    assert (step["segment"], step["hold"]) == ("beta testers", {"approval": True})


@pytest.mark.parametrize(
    ("text", "guard"),
    [
        ("errors worse by 2%", {"measure": "errors", "catch": 0.02}),
        ("latency worse by 20%, then pause", {"measure": "latency", "catch": 0.2, "action": "pause"}),
        ("answers slower than 1.5 s worse by 5 points", {"measure": "slow", "bound": 1500, "catch": 0.05}),
        (
            "exact-match of prompts/triage.prompt worse by 5 points tolerating 1%, then roll back",
            {"measure": "score", "metric": "exact-match", "prompt": "triage", "catch": 0.05, "tolerated": 0.01},
        ),
        ("score errors lower by 1 point", {"measure": "score", "metric": "errors", "higher_is_worse": False}),
        ("toxicity HIGHER by 2.5 points", {"metric": "toxicity", "catch": 0.025, "higher_is_worse": True}),
    ],
)
def test_guards(text: str, guard: dict[str, Any]) -> None:
    (read,) = guards_of([text])
    assert {name: read[name] for name in guard} == guard
    assert read["action"] == guard.get("action", "rollback")


def test_without_a_word_errors_are_watched_and_none_is_none() -> None:
    assert [guard["measure"] for guard in guards_of([])] == ["errors"]
    assert guards_of(["none"]) == []


@pytest.mark.parametrize("text", ["", "5", "5%:", "5%:soon", "5%:1h+2h", "5%:approval+approval", "x%:1h", "5%:1e9h"])
def test_a_step_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text)) if text else "step"):
        plan_of("careful", [text])


@pytest.mark.parametrize("text", ["", "errors", "errors worse by 2", "my errors worse by 2%", "none", "errors by 2%"])
def test_a_guard_that_cannot_be_read_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="errors worse by 2%"):
        guards_of([text, "errors worse by 2%"])


def test_plans_by_name_are_those_of_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    counted = re.findall(r"\[([\d.]+), kind, (\d+)\]", page)
    assert [(f"{step['percent']:g}", str(step["hold"]["requests"])) for step in plan_of("careful", [])[:-1]] == counted
    assert [(f"{step['percent']:g}", str(step["hold"]["scored"])) for step in plan_of("scored", [])[:-1]] == counted
    minutes = re.findall(r'\[([\d.]+), "minutes", (\d+)\]', page)
    clock = [(f"{step['percent']:g}", f"{step['hold']['seconds'] / 60:g}") for step in plan_of("clock", [])[:-1]]
    assert clock == minutes
    assert plan_of("holdout", [])[:-2] == plan_of("careful", [])[:-1]
    (hours,) = re.findall(r'\[95, "hours", (\d+)\]', page)
    assert plan_of("holdout", [])[-2]["hold"] == {"seconds": int(hours) * 3600}
    for name in PLANS:
        assert f'value: "{name}"' in page
        assert plan_of(name, [])[-1] == {"percent": 100, "segment": "", "name": "", "hold": {}}
