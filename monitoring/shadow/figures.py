"""What a shadow's pairs say: win, tie and loss with an interval, and how latency and cost differ.

    {"pairs", "wins", "ties", "losses", "order_mattered", "unjudged", "errors", "waiting",
     "rate": interval, "latency": difference, "cost": difference, "value": difference,
     "verdict": "better" | "worse" | "inconclusive", "not_worse": bool, "words"}

The win rate counts a tie as half: (wins + ties / 2) / pairs. Its interval is Tango's score interval of the difference
between the shares of wins and losses, halved and moved by a half. A difference is {"live", "candidate", "difference"}:
means of the pairs that have both, and a BCa bootstrap of the mean of what each pair differs by.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Count, Q

from evals.runs.rules import FEWEST, MOST_ERRORS, percent, points
from monitoring.shadow.models import Shadow, ShadowPair
from variorum.lib import statistics
from variorum.lib.statistics import Interval

SEED = 20_261_122
R = ShadowPair.Result
JUDGED = (R.WIN, R.TIE, R.LOSS)


def summarise(shadow: Shadow) -> dict[str, Any]:
    """The figures of what there is, JSON-able."""
    rows = ShadowPair.objects.filter(shadow=shadow)
    counts = dict(rows.values_list("outcome").annotate(n=Count("pk")).order_by())
    waiting = rows.filter(outcome="").count()
    wins, ties, losses = (counts.get(name, 0) for name in JUDGED)
    pairs = wins + ties + losses
    rate = win_rate(wins, ties, losses) if pairs else None
    answered = pairs + counts.get(R.UNJUDGED, 0)
    verdict = _verdict(rate, counts.get(R.ERROR, 0), answered)
    return {
        "pairs": pairs,
        "wins": wins,
        "ties": ties,
        "losses": losses,
        "order_mattered": rows.filter(order_mattered=True).count(),
        "unjudged": counts.get(R.UNJUDGED, 0),
        "errors": counts.get(R.ERROR, 0),
        "waiting": waiting,
        "rate": rate.as_json() if rate else None,
        **_differences(shadow),
        "verdict": verdict,
        "not_worse": bool(rate and pairs >= FEWEST and rate.low >= 0.5 - shadow.margin),
        "words": in_words(verdict, rate, counts.get(R.ERROR, 0), answered),
    }


def win_rate(wins: int, ties: int, losses: int) -> Interval:
    """The share of pairs that the candidate wins, ties counted as half, with its interval. Needs one pair."""
    net = statistics.tango(wins, losses, wins + ties + losses)
    return replace(
        net,
        value=(1 + net.value) / 2,
        low=(1 + net.low) / 2,
        high=(1 + net.high) / 2,
        method="Tango score, paired; a tie counts as half",
    )


def in_words(verdict: str, rate: Interval | None, errors: int, answered: int) -> str:
    """The verdict as a sentence."""
    if rate is None:
        return "No pair has been judged."
    said = (
        f"The candidate wins {percent(rate.value)} of {rate.n} pairs, ties counted as half "
        f"({percent(rate.low)} to {percent(rate.high)})."
    )
    if rate.n < FEWEST:
        return f"{said} Fewer than {FEWEST} pairs decide nothing."
    if too_many(errors, answered):
        return f"{said} It did not answer {errors} of {errors + answered} requests, so it is not called better."
    tail = {"better": "It is better.", "worse": "It is worse."}.get(
        verdict, "That may be chance: more pairs would tell."
    )
    return f"{said} {tail}"


def check_state(summary: dict[str, Any]) -> str:
    """The verdict as a check: better, or not worse by more than the margin, passes."""
    if summary["verdict"] == "worse":
        return "fail"
    fit = not too_many(summary["errors"], summary["pairs"] + summary["unjudged"])
    return "pass" if fit and (summary["verdict"] == "better" or summary["not_worse"]) else "inconclusive"


def check_words(summary: dict[str, Any], margin: float) -> str:
    """The check's sentence."""
    if summary["verdict"] == "inconclusive" and check_state(summary) == "pass":
        return f"{summary['words']} It is not worse by more than {points(margin)}."
    return str(summary["words"])


def too_many(errors: int, answered: int) -> bool:
    """Whether the candidate left too many requests without an answer to be called good."""
    return errors > MOST_ERRORS * (errors + answered)


def _verdict(rate: Interval | None, errors: int, answered: int) -> str:
    if rate is None or rate.n < FEWEST:
        return "inconclusive"
    if rate.high < 0.5:
        return "worse"
    return "better" if rate.low > 0.5 and not too_many(errors, answered) else "inconclusive"


def _differences(shadow: Shadow) -> dict[str, Any]:
    answered = Q(outcome__in=[*JUDGED, R.UNJUDGED]) & Q(output__isnull=False)
    rows = ShadowPair.objects.filter(answered, shadow=shadow).order_by("pk")
    values = list(rows.values_list("live_latency_ms", "latency_ms", "live_cost", "cost", "live_value", "value"))
    return {
        "latency": difference([(row[0], row[1]) for row in values]),
        "cost": difference([(row[2], row[3]) for row in values]),
        "value": difference([(row[4], row[5]) for row in values]),
    }


def difference(values: Sequence[tuple[Any, Any]]) -> dict[str, Any] | None:
    """Of (live, candidate): the two means and the mean difference with its interval; None when no pair has both."""
    both = [(float(live), float(ours)) for live, ours in values if live is not None and ours is not None]
    if not both:
        return None
    return {
        "live": _mean([live for live, _ in both]),
        "candidate": _mean([ours for _, ours in both]),
        "difference": _precise(statistics.bootstrap_mean([ours - live for live, ours in both], seed=SEED)),
    }


def _precise(found: Interval) -> dict[str, Any]:
    """With more decimals than `as_json` keeps: costs are small."""
    return {**found.as_json(), **{name: _round(getattr(found, name)) for name in ("value", "low", "high")}}


def _mean(values: Sequence[float]) -> float:
    return _round(sum(values) / len(values))


def _round(value: float) -> float:
    return round(value, 9)
