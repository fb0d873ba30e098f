"""Two evaluations of the same rows, row by row: what changed, by how much, and how sure that is."""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.metrics.models import Metric
from evals.runs.models import EvaluationJob, Result
from evals.runs.rules import MACRO_F1, direction, in_words
from evals.runs.summary import SEED, Rows, read_labels
from variorum.lib import statistics
from variorum.lib.errors import Invalid
from variorum.lib.statistics import Interval

MOST_ROWS = 5000  # of the positions that are kept of each direction


def compare(before: EvaluationJob, after: EvaluationJob) -> dict[str, Any]:
    """The change from one evaluation to another, JSON-able. Only rows and metric versions of both are looked at.

    Raises Invalid for two different dataset versions: their rows are not the same.
    """
    if before.dataset_version.sha256 != after.dataset_version.sha256:
        raise Invalid(
            f"#{before.number} and #{after.number} ran on different data, so their rows cannot be paired.",
            code="different_data",
        )
    old, new = Rows.of(before), Rows.of(after)
    theirs = {result.index: result for result in old.results}
    pairs = [(theirs[result.index], result) for result in new.results if result.index in theirs]
    shared = [metric for metric in new.metrics if metric in old.metrics]
    metrics = [_metric(metric, pairs) for metric in shared]
    macro = _macro(before, after, old, new)
    return {
        "baseline": before.number,
        "rows": len(pairs),
        "metrics": [*metrics, *([macro] if macro else [])],
        "left_out": [metric.slug for metric in new.metrics if metric not in old.metrics],
        "new_errors": [mine.index for theirs, mine in pairs if mine.error_code and not theirs.error_code][:MOST_ROWS],
    }


def _metric(metric: Metric, pairs: Sequence[tuple[Result, Result]]) -> dict[str, Any]:
    slug = metric.slug
    both = [
        (new.index, float(old.values[slug]), float(new.values[slug]))
        for old, new in pairs
        if old.values.get(slug) is not None and new.values.get(slug) is not None
    ]
    changes = sorted(((b - a, index) for index, a, b in both if a != b), key=lambda change: -abs(change[0]))
    gained = [index for change, index in changes if change > 0]
    lost = [index for change, index in changes if change < 0]
    difference = _difference(metric, both, len(gained), len(lost))
    return {
        **_head(slug, metric.name, difference),
        "version": metric.version,
        "binary": metric.binary,
        "before": _mean([a for _, a, _ in both]),
        "after": _mean([b for _, _, b in both]),
        "p": round(statistics.mcnemar_exact(len(gained), len(lost)), 6) if metric.binary and both else None,
        "gained": gained[:MOST_ROWS],
        "lost": lost[:MOST_ROWS],
        "gained_count": len(gained),
        "lost_count": len(lost),
    }


def _difference(metric: Metric, both: Sequence[tuple[int, float, float]], gained: int, lost: int) -> Interval | None:
    if not both:
        return None
    if metric.binary:
        return statistics.tango(gained, lost, len(both))
    return statistics.bootstrap_mean([b - a for _, a, b in both], seed=SEED)


def _macro(before: EvaluationJob, after: EvaluationJob, old: Rows, new: Rows) -> dict[str, Any] | None:
    """The change of macro-F1: both sides are drawn with the same rows."""
    shared = {r.index for r in old.answered()} & {r.index for r in new.answered()}
    first = read_labels(before, [r for r in old.answered() if r.index in shared], old.metrics)
    second = read_labels(after, [r for r in new.answered() if r.index in shared], new.metrics)
    if first is None or second is None:
        return None
    k, truth, theirs, mine = len(first.names), first.truth, first.answers, second.answers
    difference = statistics.bootstrap_statistic(
        len(truth),
        lambda rows: (
            statistics.macro_f1(truth[rows], mine[rows], k) - statistics.macro_f1(truth[rows], theirs[rows], k)
        ),
        seed=SEED,
    )
    return {
        **_head(MACRO_F1, "Macro-F1", difference),
        "version": None,
        "binary": False,
        "before": round(statistics.macro_f1(truth, theirs, k), 6),
        "after": round(statistics.macro_f1(truth, mine, k), 6),
        "p": None,
        "gained": [],
        "lost": [],
        "gained_count": 0,
        "lost_count": 0,
    }


def _head(slug: str, name: str, difference: Interval | None) -> dict[str, Any]:
    shown: Mapping[str, Any] | None = difference.as_json() if difference else None
    return {
        "slug": slug,
        "name": name,
        "difference": shown,
        "direction": direction(shown) if shown else "inconclusive",
        "words": in_words(shown) if shown else "no row has a score in both",
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 6) if values else None
