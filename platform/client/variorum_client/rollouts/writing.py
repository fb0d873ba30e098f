"""Plans and guards as people write them on the command line, read into what the API takes."""

import re
from collections.abc import Sequence
from typing import Any

# As the page offers them (plans.ts); a test holds them together.
PLANS: dict[str, tuple[str, ...]] = {
    "careful": ("1%:90requests", "5%:350requests", "25%:1900requests", "50%:2200requests", "100%"),
    "holdout": ("1%:90requests", "5%:350requests", "25%:1900requests", "50%:2200requests", "95%:24h", "100%"),
    "scored": ("1%:90scores", "5%:350scores", "25%:1900scores", "50%:2200scores", "100%"),
    "clock": ("5%:30min", "25%:60min", "50%:60min", "100%"),
    "person": ("5%:approval", "25%:approval", "50%:approval", "100%"),
}
DEFAULT_GUARD = "errors worse by 5 points"
NO_GUARD = "none"
STEP_HELP = "as 5%:1h, 25%:500scores, 50%:2000requests+approval, 100%@internal:approval, or 100%"
GUARD_HELP = (
    "as 'errors worse by 2%', 'latency worse by 20%, then pause', 'answers slower than 900ms worse by 5 points', "
    "'exact-match of triage worse by 5 points tolerating 1%'"
)

_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), ("seconds", 1)),
    **dict.fromkeys(("m", "min", "minute", "minutes"), ("seconds", 60)),
    **dict.fromkeys(("h", "hour", "hours"), ("seconds", 3600)),
    **dict.fromkeys(("d", "day", "days"), ("seconds", 86_400)),
    **dict.fromkeys(("request", "requests"), ("requests", 1)),
    **dict.fromkeys(("score", "scores", "scored"), ("scored", 1)),
}
_FIGURES = {"errors": "errors", "error rate": "errors", "latency": "latency", "cost": "cost"}
_STEP = re.compile(r"(?P<percent>\d+(?:\.\d+)?) ?%(?:@(?P<segment>[^:]+))?(?::(?P<hold>.+))?")
_HOLD = re.compile(r"(?P<amount>\d+(?:\.\d+)?) ?(?P<unit>[a-z]+)")
_NUMBER = r"\d+(?:\.\d+)? ?(?:%|points?|percent)"
_GUARD = re.compile(
    rf"(?P<what>\S.*?)(?: of (?P<prompt>\S+))? (?P<side>worse|higher|lower) by (?P<catch>{_NUMBER})"
    rf"(?:,? tolerating (?P<tolerated>{_NUMBER}))?(?:,? then (?P<action>pause|roll ?back))?",
    re.IGNORECASE,
)
_SLOW = re.compile(r"(?:answers? )?slower than (?P<bound>\d+(?:\.\d+)?) ?(?P<unit>ms|s)", re.IGNORECASE)


def plan_of(name: str, steps: Sequence[str]) -> list[dict[str, Any]]:
    """The steps, else those of the plan of this name. Raises ValueError that names what cannot be read."""
    return [_step(text) for text in steps or PLANS[name]]


def guards_of(texts: Sequence[str]) -> list[dict[str, Any]]:
    """The guards; without a word the one for errors, with `none` none. Raises ValueError."""
    if list(texts) == [NO_GUARD]:
        return []
    return [_guard(text) for text in texts or [DEFAULT_GUARD]]


def _step(text: str) -> dict[str, Any]:
    found = _STEP.fullmatch(text.strip())
    if not found:
        raise ValueError(f"The step {text!r} cannot be read. Write it {STEP_HELP}.")
    hold: dict[str, int | bool] = {}
    for part in (found["hold"] or "").lower().split("+") if found["hold"] else ():
        name, amount = _hold(part.strip(), text)
        if name in hold:
            raise ValueError(f"The step {text!r} says the same twice: {part.strip()!r}.")
        hold[name] = amount
    segment = (found["segment"] or "").strip()
    return {"percent": float(found["percent"]), "segment": segment, "name": segment, "hold": hold}


def _hold(part: str, step: str) -> tuple[str, int | bool]:
    """What a step waits for, and how much of it."""
    if part == "approval":
        return "approval", True
    found = _HOLD.fullmatch(part)
    if not found or found["unit"] not in _UNITS:
        raise ValueError(f"What the step {step!r} waits for, {part!r}, cannot be read. Write it {STEP_HELP}.")
    name, factor = _UNITS[found["unit"]]
    return name, round(float(found["amount"]) * factor)


def _guard(text: str) -> dict[str, Any]:
    found = _GUARD.fullmatch(" ".join(text.split()))
    if not found:
        raise ValueError(f"The guard {text!r} cannot be read. Write it {GUARD_HELP}.")
    made = {
        **_figure(found["what"]),
        "prompt": (found["prompt"] or "").removeprefix("prompts/").removesuffix(".prompt"),
        "catch": _share(found["catch"]),
        "tolerated": _share(found["tolerated"] or "0%"),
        "action": "pause" if (found["action"] or "").lower() == "pause" else "rollback",
    }
    if found["side"].lower() != "worse":
        made["higher_is_worse"] = found["side"].lower() == "higher"
    return made


def _figure(what: str) -> dict[str, Any]:
    """The measure, with its metric or its bound. `score errors` is a metric that is called so."""
    if measure := _FIGURES.get(what.lower()):
        return {"measure": measure}
    if slow := _SLOW.fullmatch(what):
        return {"measure": "slow", "bound": float(slow["bound"]) * (1 if slow["unit"].lower() == "ms" else 1000)}
    metric = what.removeprefix("score ")
    if " " in metric:
        raise ValueError(f"{what!r} is nothing that a guard can watch. Write it {GUARD_HELP}.")
    return {"measure": "score", "metric": metric}


def _share(text: str) -> float:
    """0.05 for `5%` and `5 points`."""
    return round(float(text.rstrip("% pointserc")) / 100, 6)
