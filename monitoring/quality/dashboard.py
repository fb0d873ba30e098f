"""The figures of the quality page, all of them in one call and from the hourly sums alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from evals.metrics.models import Metric
from monitoring.logs import rollups
from variorum.accounts.models import Project
from variorum.deployments.queries import deployments_of
from variorum.lib import statistics
from variorum.lib.statistics import Interval

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURLY_UP_TO = timedelta(days=9)
MOST_COMMITS = 8
ALL, OTHER = ("all", ""), ("other", "")
REQUESTS = """
SELECT hour, commit, requests, errors, timed, latency_sum, input_tokens, output_tokens, cost::float8,
    array_send(buckets)
FROM logs_loghour
WHERE project_id = %(project)s AND hour >= %(since)s AND hour < %(until)s
    AND (%(environment)s = '' OR environment = %(environment)s) AND (%(prompt)s = '' OR prompt = %(prompt)s)
"""
SCORES = """
SELECT metric_id, hour, commit, sum(n)::bigint, sum(total), sum(squares)
FROM logs_scorehour
WHERE project_id = %(project)s AND hour >= %(since)s AND hour < %(until)s
    AND (%(environment)s = '' OR environment = %(environment)s) AND (%(prompt)s = '' OR prompt = %(prompt)s)
GROUP BY metric_id, hour, commit
"""
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Name = tuple[str, str]  # of a series: its kind, and the commit when it is of one


@dataclass(frozen=True)
class Question:
    """What is asked: whole hours from `since` to `until` (UTC), in steps of `step`. Empty names mean any."""

    project: Project
    since: datetime
    until: datetime
    step: timedelta
    environment: str = ""
    prompt: str = ""
    by_commit: bool = False

    @classmethod
    def of(cls, project: Project, since: datetime, until: datetime, **scope: Any) -> "Question":
        """For any range: an hour a step up to nine days, else a day; the ends are moved out to whole steps."""
        step = HOUR if until - since <= HOURLY_UP_TO else DAY
        width = step.total_seconds()
        first = int(since.timestamp() // width)
        last = max(int(-(-until.timestamp() // width)), first + 1)
        begin, end = (datetime.fromtimestamp(number * width, tz=UTC) for number in (first, last))
        return cls(project, begin, end, step, **scope)

    @property
    def times(self) -> list[datetime]:
        """The beginning of each step."""
        return [self.since + self.step * number for number in range(int((self.until - self.since) / self.step))]

    def place(self, moment: datetime) -> int:
        """The step in which an hour lies."""
        return int((moment - self.since) / self.step)

    def parameters(self) -> dict[str, Any]:
        """For the queries above."""
        return {
            "project": self.project.pk,
            "since": self.since,
            "until": self.until,
            "environment": self.environment,
            "prompt": self.prompt,
        }


def answer(question: Question) -> dict[str, Any]:
    """`times` and, in their order, every figure of every series; `null` where there is nothing to divide by.

    {"since", "until", "step", "times", "series": [{"kind", "commit", "requests": [...], ..., "whole": {...}}],
    "scores": [{"metric", "version", ..., "series": [...]}], "deployments": [...]}. A series is of "all" requests, of a
    "commit" ("" when apps named none), or of all "other" commits. `whole` has its figures over the entire range.
    """
    rows = _rows(REQUESTS, question)
    names = _names(question, rows)
    return {
        "since": question.since,
        "until": question.until,
        "step": int(question.step.total_seconds()),
        "times": question.times,
        "series": [_series(question, name, some) for name, some in _groups(rows, names).items()],
        "scores": _scores(question, names),
        "deployments": _deployments(question),
    }


def _rows(sql: str, question: Question) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, question.parameters())
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _names(question: Question, rows: Sequence[tuple[Any, ...]]) -> set[str] | None:
    """The commits that get a series: those with most requests. None when nothing is split."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row[1]] = counts.get(row[1], 0) + row[2]
    return set(sorted(counts, key=lambda name: -counts[name])[:MOST_COMMITS]) if question.by_commit else None


def _of_commit(commit: str, names: set[str] | None) -> list[Name]:
    """The series to which a commit's figures belong."""
    if names is None:
        return [ALL]
    return [ALL, ("commit", commit) if commit in names else OTHER]


def _groups(rows: Sequence[tuple[Any, ...]], names: set[str] | None) -> dict[Name, list[tuple[Any, ...]]]:
    found: dict[Name, list[tuple[Any, ...]]] = {ALL: []}
    for row in rows:
        for name in _of_commit(row[1], names):
            found.setdefault(name, []).append(row)
    return dict(
        sorted(found.items(), key=lambda group: (group[0] != ALL, group[0] == OTHER, -sum(r[2] for r in group[1])))
    )


def _series(question: Question, name: Name, rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """The figures of some rows of REQUESTS, by step and over the whole range."""
    steps = len(question.times)
    places = np.fromiter((question.place(row[0]) for row in rows), np.int64, len(rows))
    sums = np.zeros((steps, 7))
    np.add.at(sums, places, np.array([row[2:9] for row in rows], dtype=np.float64).reshape(-1, 7))
    buckets = np.zeros((steps, rollups.BUCKETS), dtype=np.int64)
    np.add.at(buckets, places, _buckets([row[9] for row in rows]))
    whole = _figures(sums.sum(axis=0, keepdims=True), buckets.sum(axis=0, keepdims=True))
    return {
        **_named(name),
        **_figures(sums, buckets),
        "whole": {figure: values[0] for figure, values in whole.items()},
    }


def _named(name: Name) -> dict[str, str]:
    return {"kind": name[0], "commit": name[1]}


def _buckets(sent: Sequence[bytes | memoryview]) -> Ints:
    """Arrays as PostgreSQL sends them: 20 bytes of header, then for each element its length and itself."""
    raw = np.frombuffer(b"".join(bytes(one) for one in sent), dtype=">i4")
    return raw.reshape(-1, 5 + 2 * rollups.BUCKETS)[:, 6::2].astype(np.int64)


def _figures(sums: Floats, buckets: Ints) -> dict[str, list[Any]]:
    requests, errors, timed, latency, given, made, cost = sums.T
    return {
        "requests": requests.astype(int).tolist(),
        "errors": errors.astype(int).tolist(),
        "error_rate": _divided(errors, requests),
        "latency_mean": _divided(latency, timed),
        "latency_p50": _quantiles(buckets, 0.5),
        "latency_p99": _quantiles(buckets, 0.99),
        "input_tokens": given.astype(int).tolist(),
        "output_tokens": made.astype(int).tolist(),
        "cost": [round(value, 9) for value in cost.tolist()],
    }


def _divided(sums: Floats, by: Floats) -> list[float | None]:
    return [round(a / b, 6) if b else None for a, b in zip(sums.tolist(), by.tolist(), strict=True)]


def _quantiles(buckets: Ints, q: float) -> list[float | None]:
    """As rollups.quantile, for every row at once."""
    total = buckets.sum(axis=1)
    rank = np.maximum(1, np.ceil(q * total - 1e-9))
    places = np.argmax(buckets.cumsum(axis=1) >= rank[:, None], axis=1)
    middles = [rollups.middle(place) for place in places.tolist()]
    return [round(value, 3) if n else None for value, n in zip(middles, total.tolist(), strict=True)]


def _scores(question: Question, names: set[str] | None) -> list[dict[str, Any]]:
    """Each metric version's means with their intervals, by step and over the whole range."""
    found: dict[int, dict[Name, Floats]] = {}
    for metric, hour, commit, *sums in _rows(SCORES, question):
        for name in _of_commit(commit, names):
            table = found.setdefault(metric, {}).setdefault(name, np.zeros((len(question.times), 3)))
            table[question.place(hour)] += sums
    metrics = Metric.objects.in_bulk(found)
    ordered = sorted(found, key=lambda pk: (metrics[pk].slug, -metrics[pk].version))
    return [_of_metric(metrics[pk], found[pk]) for pk in ordered]


def _of_metric(metric: Metric, tables: dict[Name, Floats]) -> dict[str, Any]:
    series = [
        {
            **_named(name),
            "n": table[:, 0].astype(int).tolist(),
            **_intervals(table, metric.binary),
            "whole": _interval(table.sum(axis=0), metric.binary),
        }
        for name, table in sorted(
            tables.items(), key=lambda part: (part[0] != ALL, part[0] == OTHER, -part[1][:, 0].sum())
        )
    ]
    names = {"metric": metric.slug, "version": metric.version, "name": metric.name, "binary": metric.binary}
    return {**names, "series": series}


def _intervals(table: Floats, binary: bool) -> dict[str, list[float | None]]:
    found = [_interval(row, binary) for row in table]
    return {part: [one[part] for one in found] for part in ("mean", "low", "high")}


def _interval(sums: Floats, binary: bool) -> dict[str, Any]:
    n, total, squares = sums.tolist()
    if not n:
        return {"n": 0, "mean": None, "low": None, "high": None}
    found = mean(int(n), total, squares, binary=binary)
    low, high = (None, None) if found.method == "one value" else (max(0.0, found.low), min(1.0, found.high))
    return {
        "n": int(n),
        "mean": round(found.value, 6),
        "low": None if low is None else round(low, 6),
        "high": None if high is None else round(high, 6),
    }


def mean(n: int, total: float, squares: float, *, binary: bool) -> Interval:
    """The mean of n values: Wilson's interval for rights and wrongs, Student's t for others."""
    return statistics.wilson(round(total), n) if binary else statistics.mean_t(n, total, squares)


def _deployments(question: Question) -> list[dict[str, Any]]:
    """What went live in the range, oldest first."""
    rows = deployments_of(question.project).filter(created_at__gte=question.since, created_at__lt=question.until)
    if question.environment:
        rows = rows.filter(environment__slug=question.environment)
    return [
        {
            "number": row.number,
            "environment": row.environment.slug,
            "commit": row.commit,
            "subject": row.subject,
            "kind": row.kind,
            "actor_name": row.actor_name,
            "at": row.created_at,
        }
        for row in rows.order_by("number")
    ]
