"""The figures of the quality page, all of them in one call and from the hourly sums alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import connection

from evals.metrics.models import Metric
from monitoring.logs import rollups
from variorum.accounts.models import Project
from variorum.deployments.models import Deployment
from variorum.lib import statistics

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURLY_UP_TO = timedelta(days=9)
MOST_COMMITS = 8
ALL, OTHER = ("all", ""), ("other", "")
MIDDLES = np.array([rollups.middle(bucket) for bucket in range(rollups.BUCKETS)])
Z = NormalDist().inv_cdf(0.5 + statistics.CONFIDENCE / 2)
REQUESTS = """
SELECT extract(epoch FROM hour - %(since)s)::int / %(step)s, commit, requests::float8, errors::float8, timed::float8,
    latency_sum, input_tokens::float8, output_tokens::float8, cost::float8, array_send(buckets)
FROM logs_loghour
WHERE project_id = %(project)s AND hour >= %(since)s AND hour < %(until)s
    AND (%(environment)s = '' OR environment = %(environment)s) AND (%(prompt)s = '' OR prompt = %(prompt)s)
ORDER BY 1
"""
SCORES = """
SELECT extract(epoch FROM hour - %(since)s)::int / %(step)s, commit, metric_id, sum(n)::float8, sum(total),
    sum(squares)
FROM logs_scorehour
WHERE project_id = %(project)s AND hour >= %(since)s AND hour < %(until)s
    AND (%(environment)s = '' OR environment = %(environment)s) AND (%(prompt)s = '' OR prompt = %(prompt)s)
GROUP BY 1, 2, 3
"""
RENAMED = {"environment__slug": "environment", "created_at": "at"}
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
    def steps(self) -> int:
        """How many there are."""
        return int((self.until - self.since) / self.step)

    def parameters(self) -> dict[str, Any]:
        """For the queries above."""
        return {
            "project": self.project.pk,
            "since": self.since,
            "until": self.until,
            "step": int(self.step.total_seconds()),
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
        "times": [(question.since + question.step * number).isoformat() for number in range(question.steps)],
        "series": [_series(question, name, some) for name, some in _groups(rows, names).items()],
        "scores": _scores(question, names),
        "deployments": _deployments(question),
    }


def _rows(sql: str, question: Question) -> list[tuple[Any, ...]]:
    """Binary, past Django's cursor: half a megabyte of buckets need not be written and read as text."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(sql, question.parameters(), binary=True).fetchall()


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
    places = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    sums = _summed(places, np.array([row[2:9] for row in rows]).reshape(-1, 7), question.steps)
    buckets = _summed_buckets(places, _buckets([row[9] for row in rows]), question.steps)
    whole = _figures(sums.sum(axis=0, keepdims=True), buckets.sum(axis=0, keepdims=True))
    return {
        **_named(name),
        **_figures(sums, buckets),
        "whole": {figure: values[0] for figure, values in whole.items()},
    }


def _summed(places: Ints, table: Floats, steps: int) -> Floats:
    """The rows of a table summed by their step."""
    return np.column_stack([np.bincount(places, weights=column, minlength=steps) for column in table.T])


def _summed_buckets(places: Ints, buckets: Ints, steps: int) -> Ints:
    """The same for rows whose places are in order."""
    found = np.zeros((steps, rollups.BUCKETS), dtype=np.int64)
    if len(places):
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        found[places[starts]] = np.add.reduceat(buckets, starts, axis=0)
    return found


def _named(name: Name) -> dict[str, str]:
    return {"kind": name[0], "commit": name[1]}


def _buckets(sent: Sequence[bytes]) -> Ints:
    """Arrays as PostgreSQL sends them: 20 bytes of header, then for each element its length and itself."""
    raw = np.frombuffer(b"".join(sent), dtype=">i4")
    return raw.reshape(-1, 5 + 2 * rollups.BUCKETS)[:, 6::2].astype(np.int64)


def _figures(sums: Floats, buckets: Ints) -> dict[str, list[Any]]:
    requests, errors, timed, latency, given, made, cost = sums.T
    return {
        "requests": requests.astype(int).tolist(),
        "errors": errors.astype(int).tolist(),
        "error_rate": _listed(_divided(errors, requests), 6),
        "latency_mean": _listed(_divided(latency, timed), 6),
        "latency_p50": _quantiles(buckets, 0.5),
        "latency_p99": _quantiles(buckets, 0.99),
        "input_tokens": given.astype(int).tolist(),
        "output_tokens": made.astype(int).tolist(),
        "cost": _listed(cost, 9),
    }


def _divided(sums: Floats, by: Floats) -> Floats:
    """NaN where there is nothing to divide by."""
    found: Floats = np.divide(sums, by, out=np.full(len(sums), np.nan), where=by > 0)
    return found


def _listed(values: Floats, digits: int) -> list[float | None]:
    """For JSON: rounded, NaN as None."""
    return [None if value != value else value for value in np.round(values, digits).tolist()]


def _quantiles(buckets: Ints, q: float) -> list[float | None]:
    """As rollups.quantile, for every row at once."""
    total = buckets.sum(axis=1)
    rank = np.maximum(1, np.ceil(q * total - 1e-9))
    places = np.argmax(buckets.cumsum(axis=1) >= rank[:, None], axis=1)
    return _listed(np.where(total > 0, MIDDLES[places], np.nan), 3)


def _scores(question: Question, names: set[str] | None) -> list[dict[str, Any]]:
    """Each metric version's means with their intervals, by step and over the whole range."""
    found: dict[int, dict[Name, list[tuple[float, ...]]]] = {}
    for place, commit, metric, *sums in _rows(SCORES, question):
        for name in _of_commit(commit, names):
            found.setdefault(metric, {}).setdefault(name, []).append((place, *sums))
    metrics = Metric.objects.in_bulk(found)
    ordered = sorted(found, key=lambda pk: (metrics[pk].slug, -metrics[pk].version))
    return [_of_metric(metrics[pk], found[pk], question.steps) for pk in ordered]


def _of_metric(metric: Metric, rows: dict[Name, list[tuple[float, ...]]], steps: int) -> dict[str, Any]:
    given = {name: np.array(some) for name, some in rows.items()}
    tables = {name: _summed(some[:, 0].astype(np.int64), some[:, 1:], steps) for name, some in given.items()}
    ordered = sorted(tables.items(), key=lambda part: (part[0] != ALL, part[0] == OTHER, -part[1][:, 0].sum()))
    series = []
    for name, table in ordered:
        whole = _means(table.sum(axis=0, keepdims=True), metric.binary)
        by_step = _means(table, metric.binary)
        series.append({**_named(name), **by_step, "whole": {part: values[0] for part, values in whole.items()}})
    names = {"metric": metric.slug, "version": metric.version, "name": metric.name, "binary": metric.binary}
    return {**names, "series": series}


def _means(table: Floats, binary: bool) -> dict[str, list[Any]]:
    """Each row's mean with its interval (statistics.wilson and mean_t, for all rows at once); no bounds for one value
    that is not a right or wrong."""
    n, total, squares = table.T
    mean = _divided(total, n)
    low, high = _wilson(mean, n) if binary else _student(mean, n, squares)
    return {
        "n": n.astype(int).tolist(),
        "mean": _listed(mean, 6),
        "low": _listed(np.maximum(low, 0), 6),
        "high": _listed(np.minimum(high, 1), 6),
    }


def _wilson(p: Floats, n: Floats) -> tuple[Floats, Floats]:
    n = np.where(n > 0, n, np.nan)
    scale = 1 + Z * Z / n
    centre = (p + Z * Z / (2 * n)) / scale
    half = Z / scale * np.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return np.minimum(centre - half, p), np.maximum(centre + half, p)


def _student(mean: Floats, n: Floats, squares: Floats) -> tuple[Floats, Floats]:
    several = np.where(n > 1, n, np.nan)
    variance = np.maximum(squares - n * mean * mean, 0) / (several - 1)
    half = np.array([_t(int(count)) for count in n.tolist()]) * np.sqrt(variance / several)
    return mean - half, mean + half


@lru_cache(10_000)
def _t(n: int) -> float:
    return statistics.t_quantile(0.5 + statistics.CONFIDENCE / 2, n - 1) if n > 1 else np.nan


def _deployments(question: Question) -> list[dict[str, Any]]:
    """What went live in the range, oldest first."""
    rows = Deployment.objects.filter(
        project=question.project, created_at__gte=question.since, created_at__lt=question.until
    )
    if question.environment:
        rows = rows.filter(environment__slug=question.environment)
    found = rows.order_by("number").values("number", "commit", "subject", "kind", "actor_name", *RENAMED)
    return [{**row, **{new: row.pop(old) for old, new in RENAMED.items()}} for row in found]
