"""What a guard says of a candidate: an always-valid test of its figures beside the control's, and that in words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.quality.models import Guard
from variorum.lib.sequential import MINIMUM, Harm, Sample, harm_over

RATE = 0.05  # of false stops over a whole rollout, all its guards together (Bonferroni)
MOST_GUARDS = 10
MOST_LOOKS = 200
STEP = 1.05  # a look is kept for the picture when there are so many times more values
LOGARITHMS = (Guard.Measure.LATENCY, Guard.Measure.COST)
Periods = Sequence[tuple[Sample, Sample]]


@dataclass(frozen=True)
class Watch:
    """What of a guard decides. Of latencies and costs the logarithms are compared, so harm is a share of the control's
    typical (geometric mean) figure; `catch` and `tolerated` are given as such shares."""

    measure: str
    higher_is_worse: bool
    catch: float
    tolerated: float
    rate: float

    @classmethod
    def of(cls, guard: Guard) -> "Watch":
        """A guard's."""
        return cls(guard.measure, guard.higher_is_worse, guard.catch, guard.tolerated, guard.rate)

    def harm(self, periods: Periods) -> Harm | None:
        """Every period's (control, candidate) compared; None while there is too little of either."""
        logs = self.measure in LOGARITHMS
        margin = math.log1p(self.tolerated) if logs else self.tolerated
        catch = math.log1p(self.tolerated + self.catch) - margin if logs else self.catch
        return harm_over(
            periods,
            higher_is_worse=self.higher_is_worse,
            catch=catch,
            rate=self.rate,
            margin=margin,
            share=not logs,
        )


def share_of_rate(guards: int) -> float:
    """Each guard's part of the rate of false stops."""
    return RATE / max(guards, 1)


def look(guard: Guard, periods: Periods) -> tuple[Harm | None, dict[str, Any]]:
    """The harm and what is kept of the look, JSON-able: sides with n and mean, harm with its interval, or why not.

    Means and harm are in the figure's own units (milliseconds, dollars; harm as a share, positive is worse).
    """
    harm = Watch.of(guard).harm(periods)
    sides = {
        "control": _side(guard, [one for one, _ in periods]),
        "candidate": _side(guard, [two for _, two in periods]),
    }
    facts = {"value": None, "low": None, "high": None} if harm is None else _in_units(guard, harm)
    return harm, {**sides, **facts, "problem": "" if harm else _why_not(guard, periods)}


def kept(looks: list[list[Any]], at: str, found: dict[str, Any]) -> list[list[Any]]:
    """The looks of the picture with a new one, when it shows something new: [at, candidate's n, value, low, high]."""
    if found["value"] is None:
        return looks
    n = found["candidate"]["n"]
    new = [at, n, found["value"], found["low"], found["high"]]
    if looks and n < looks[-1][1] * STEP:
        return looks
    return [*(looks[::2] if len(looks) >= MOST_LOOKS else looks), new]


def subject(guard: Guard) -> str:
    """What is watched, in words."""
    where = f" of {guard.prompt}" if guard.prompt else ""
    if guard.measure == Guard.Measure.SCORE and guard.metric:
        return f"{guard.metric.name} (version {guard.metric.version}){where}"
    words = {"errors": "Error rate", "latency": "Latency", "cost": "Cost of a request"}
    slow = f"Share of answers slower than {guard.bound or 0:,.0f} ms"
    return words.get(guard.measure, slow) + where


def in_words(guard: Guard, found: dict[str, Any]) -> str:
    """The harm with its interval, as in `worse by 6.2 points (1.1 to 11.3)`."""
    if found["value"] is None:
        return str(found["problem"])
    unit, digits = (" %", 0) if guard.measure in LOGARITHMS else (" points", 1)
    value, low, high = (100 * found[name] for name in ("value", "low", "high"))
    side = "worse" if value >= 0 else "better"
    return f"{side} by {abs(value):.{digits}f}{unit} (interval {low:.{digits}f} to {high:.{digits}f})"


def _side(guard: Guard, samples: Sequence[Sample]) -> dict[str, Any]:
    n, total = sum(s.n for s in samples), sum(s.total for s in samples)
    mean = None if not n else total / n
    if mean is not None and guard.measure in LOGARITHMS:
        mean = math.exp(mean)
    return {"n": n, "mean": None if mean is None else round(mean, 9)}


def _in_units(guard: Guard, harm: Harm) -> dict[str, float]:
    parts = {"value": harm.value, "low": harm.low, "high": harm.high}
    if guard.measure in LOGARITHMS:
        parts = {name: math.expm1(min(part, 20.0)) for name, part in parts.items()}
    return {name: round(part, 6) for name, part in parts.items()}


def _why_not(guard: Guard, periods: Periods) -> str:
    control, candidate = sum(one.n for one, _ in periods), sum(two.n for _, two in periods)
    what = "scores" if guard.measure == Guard.Measure.SCORE else "requests"
    if not control and not candidate:
        return f"No {what} yet."
    if min(control, candidate) >= MINIMUM:
        return "In no step did both sides have requests to compare."
    return f"Too few {what} yet: {candidate:,} with the candidate, {control:,} without. Both need {MINIMUM}."
