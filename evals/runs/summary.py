"""The figures of one evaluation, each with its interval."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import CharField, Count, Sum
from django.db.models.functions import Cast

from evals.metrics.code.normalise import normalise
from evals.metrics.models import Metric, Score
from evals.metrics.verdicts import NOT_APPLICABLE
from evals.runs.models import EvaluationJob, Result
from evals.runs.storing import SUBJECT
from variorum.lib import statistics
from variorum.lib.statistics import Codes, Interval

SEED = 20  # of every bootstrap: the same results give the same figures
MOST_LABELS = 500


@dataclass(frozen=True)
class Rows:
    """The stored rows of an evaluation in the order of their positions."""

    results: Sequence[Result]
    metrics: Sequence[Metric]

    @classmethod
    def of(cls, evaluation: EvaluationJob) -> "Rows":
        """Read them, without the inputs."""
        results = Result.objects.filter(evaluation=evaluation).defer("input").order_by("index")
        return cls(list(results), sorted(evaluation.metrics.all(), key=lambda metric: metric.slug))

    def answered(self) -> list[Result]:
        """Those with an output."""
        return [result for result in self.results if not result.error_code]


def summarise(evaluation: EvaluationJob) -> dict[str, Any]:
    """The whole summary, JSON-able. Rates are from 0 to 1, latency in ms, cost in US dollars or None when not known."""
    rows = Rows.of(evaluation)
    answered = rows.answered()
    latencies = [result.latency_ms for result in answered if result.latency_ms is not None]
    return {
        "rows": len(rows.results),
        "errors": len(rows.results) - len(answered),
        "error_codes": dict(Counter(result.error_code for result in rows.results if result.error_code).most_common(5)),
        "metrics": [_metric(metric, rows, evaluation) for metric in rows.metrics],
        "labelled": labelled(evaluation, answered, rows.metrics),
        "latency_ms": {"p50": _rounded(latencies, 0.5), "p95": _rounded(latencies, 0.95)},
        "input_tokens": _total(result.input_tokens for result in answered),
        "output_tokens": _total(result.output_tokens for result in answered),
        "cost": _total(None if result.cost is None else float(result.cost) for result in answered),
    }


def figure_of(values: Sequence[float], *, binary: bool) -> Interval | None:
    """The mean with its interval: Wilson's for right and wrong, a bootstrap for the rest; None for no values."""
    if not values:
        return None
    if binary:
        return statistics.wilson(sum(value >= 0.5 for value in values), len(values))
    return statistics.bootstrap_mean(values, seed=SEED)


def _metric(metric: Metric, rows: Rows, evaluation: EvaluationJob) -> dict[str, Any]:
    values = [v for result in rows.results if (v := result.values.get(metric.slug)) is not None]
    figure = figure_of(values, binary=metric.binary)
    subjects = Result.objects.filter(evaluation=evaluation).annotate(name=Cast("pk", CharField())).values("name")
    project = evaluation.project_id
    scores = Score.objects.filter(project=project, subject_kind=SUBJECT, metric=metric, subject_id__in=subjects)
    problems = dict(scores.exclude(problem="").values_list("problem").annotate(Count("pk")))
    spent = scores.aggregate(input=Sum("input_tokens"), output=Sum("output_tokens"), cost=Sum("cost"))
    return {
        "slug": metric.slug,
        "version": metric.version,
        "name": metric.name,
        "kind": metric.kind,
        "binary": metric.binary,
        "figure": figure.as_json() if figure else None,
        "skipped": problems.pop(NOT_APPLICABLE, 0),
        "failed": sum(problems.values()),
        "input_tokens": spent["input"],
        "output_tokens": spent["output"],
        "cost": None if spent["cost"] is None else float(spent["cost"]),
    }


@dataclass(frozen=True)
class Labels:
    """Rows of a labelled set as codes: what was wanted, and what was answered (-1: none of these labels)."""

    names: Sequence[str]
    truth: Codes
    answers: Codes


def read_labels(evaluation: EvaluationJob, answered: Sequence[Result], metrics: Sequence[Metric]) -> Labels | None:
    """The rows as labels, or None when the dataset's expected values are no labels.

    Answers are read with the options of the suite's exact match, or its defaults.
    """
    if not evaluation.dataset_version.profile.get("labels"):
        return None
    usable = [result for result in answered if result.expected is not None]
    names = sorted({result.expected for result in usable if result.expected is not None})
    if not names or len(names) > MOST_LABELS:
        return None
    options: Mapping[str, Any] = next((m.config for m in metrics if m.function == "exact_match"), {})
    known = {normalise(name, {**options, "first_line": False}): code for code, name in enumerate(names)}
    codes = {name: code for code, name in enumerate(names)}
    return Labels(
        names=names,
        truth=np.array([codes[result.expected or ""] for result in usable]),
        answers=np.array([known.get(normalise(result.output, options), -1) for result in usable]),
    )


def labelled(evaluation: EvaluationJob, answered: Sequence[Result], metrics: Sequence[Metric]) -> dict[str, Any] | None:
    """Accuracy and macro-F1 beside the rate of the commonest label, which costs nothing; and every label's figures."""
    read = read_labels(evaluation, answered, metrics)
    if read is None:
        return None
    n, k = len(read.truth), len(read.names)
    right = int((read.truth == read.answers).sum())
    counts = np.bincount(read.truth, minlength=k)
    common = int(counts.argmax())
    macro = statistics.bootstrap_statistic(
        n, lambda rows: statistics.macro_f1(read.truth[rows], read.answers[rows], k), seed=SEED
    )
    return {
        "accuracy": statistics.wilson(right, n).as_json(),
        "macro_f1": macro.as_json(),
        "majority": {"label": read.names[common], "rate": round(float(counts[common] / n), 6)},
        "label_count": k,
        "no_label": int((read.answers < 0).sum()),
        "labels": _per_label(read),
    }


def _per_label(read: Labels) -> list[dict[str, Any]]:
    k = len(read.names)
    hits = np.bincount(read.truth[read.truth == read.answers], minlength=k)
    wanted = np.bincount(read.truth, minlength=k)
    given = np.bincount(read.answers[read.answers >= 0], minlength=k)
    return [
        {
            "label": name,
            "n": int(wanted[code]),
            "given": int(given[code]),
            "precision": round(float(hits[code] / given[code]), 4) if given[code] else None,
            "recall": round(float(hits[code] / wanted[code]), 4),
            "f1": round(float(2 * hits[code] / (wanted[code] + given[code])), 4),
            "taken_for": _taken_for(read, code),
        }
        for code, name in enumerate(read.names)
    ]


def _taken_for(read: Labels, code: int) -> str | None:
    """The label that was answered most often instead, "" for something that is no label, None when never wrong."""
    wrong = read.answers[(read.truth == code) & (read.answers != code)]
    if not len(wrong):
        return None
    most = int(Counter(wrong.tolist()).most_common(1)[0][0])
    return read.names[most] if most >= 0 else ""


def _total(values: Any) -> float | int | None:
    """The sum of what is known; None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _rounded(values: Sequence[float], share: float) -> float | None:
    found = statistics.quantile(values, share)
    return None if found is None else round(found, 1)
