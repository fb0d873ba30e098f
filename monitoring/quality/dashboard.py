"""The figures of the quality page, all of them in one call and from the hourly sums alone."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from evals.metrics.models import Metric
from monitoring.logs import rollups
from monitoring.quality import steps
from variorum.accounts.models import Project
from variorum.deployments.models import Deployment
from variorum.lib import statistics

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURLY_UP_TO = timedelta(days=9)
MOST_COMMITS = 8
ALL, OTHER = ("all", ""), ("other", "")
MIDDLES = np.array([rollups.middle(bucket) for bucket in range(rollups.BUCKETS)])
Z = NormalDist().inv_cdf(0.5 + statistics.CONFIDENCE / 2)
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
    table = Table.of(steps.read(steps.REQUEST_HOURS, question.parameters()), steps.SUMS + rollups.BUCKETS)
    names = _names(table) if question.by_commit else None
    return {
        "since": question.since,
        "until": question.until,
        "step": int(question.step.total_seconds()),
        "times": [(question.since + question.step * number).isoformat() for number in range(question.steps)],
        "series": [_series(name, some.by_step(question.steps)) for name, some in _groups(table, names).items()],
        "scores": _scores(question, names),
        "deployments": _deployments(question),
    }


@dataclass(frozen=True)
class Table:
    """Rows of numbers: each with its place among the steps, in order, and the name of what it is of, as a commit."""

    places: Ints
    names: list[Any]
    values: Floats

    @classmethod
    def of(cls, found: dict[int, steps.Step], width: int) -> "Table":
        """From what the steps hold; `width` columns, also without a single row."""
        places = np.repeat(list(found), [len(step.names) for step in found.values()]).astype(np.int64)
        names = [name for step in found.values() for name in step.names]
        return cls(places, names, np.vstack([np.zeros((0, width)), *(step.values for step in found.values())]))

    def some(self, rows: list[int]) -> "Table":
        """Those rows alone."""
        return Table(self.places[rows], [self.names[row] for row in rows], self.values[rows])

    def by_step(self, count: int) -> Floats:
        """The rows summed by their step."""
        found = np.zeros((count, self.values.shape[1]))
        if len(self.places):
            starts = np.flatnonzero(np.diff(self.places, prepend=-1))
            found[self.places[starts]] = np.add.reduceat(self.values, starts, axis=0)
        return found


def _names(table: Table) -> set[str]:
    """The commits that get a series: those with most requests."""
    counts: dict[str, float] = {}
    for commit, requests in zip(table.names, table.values[:, 0].tolist(), strict=True):
        counts[commit] = counts.get(commit, 0) + requests
    return set(sorted(counts, key=lambda name: -counts[name])[:MOST_COMMITS])


def _groups(table: Table, names: set[str] | None) -> dict[Name, Table]:
    """The rows of each series: all of them first, those of other commits last, between them by their first column."""
    if names is None:
        return {ALL: table}
    rows: dict[Name, list[int]] = {}
    for row, commit in enumerate(table.names):
        rows.setdefault(("commit", commit) if commit in names else OTHER, []).append(row)
    found = {name: table.some(some) for name, some in rows.items()}
    ordered = sorted(found.items(), key=lambda group: (group[0] == OTHER, -group[1].values[:, 0].sum()))
    return {ALL: table, **dict(ordered)}


def _series(name: Name, table: Floats) -> dict[str, Any]:
    """The figures of a series by step and over the whole range."""
    whole = _figures(table.sum(axis=0, keepdims=True))
    return {**_named(name), **_figures(table), "whole": {figure: values[0] for figure, values in whole.items()}}


def _named(name: Name) -> dict[str, str]:
    return {"kind": name[0], "commit": name[1]}


def _figures(table: Floats) -> dict[str, list[Any]]:
    requests, errors, timed, latency, given, made, cost = table[:, : steps.SUMS].T
    p50, p99 = _quantiles(table[:, steps.SUMS :], (0.5, 0.99))
    return {
        "requests": requests.astype(int).tolist(),
        "errors": errors.astype(int).tolist(),
        "error_rate": _listed(_divided(errors, requests), 6),
        "latency_mean": _listed(_divided(latency, timed), 6),
        "latency_p50": p50,
        "latency_p99": p99,
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


def _quantiles(buckets: Floats, shares: tuple[float, ...]) -> list[list[float | None]]:
    """As rollups.quantile, for every row at once and each of the shares."""
    upto = buckets.cumsum(axis=1)
    total = upto[:, -1]
    found = []
    for q in shares:
        rank = np.maximum(1, np.ceil(q * total - 1e-9))
        places = np.argmax(upto >= rank[:, None], axis=1)
        found.append(_listed(np.where(total > 0, MIDDLES[places], np.nan), 3))
    return found


def _scores(question: Question, names: set[str] | None) -> list[dict[str, Any]]:
    """Each metric version's means with their intervals, by step and over the whole range."""
    found = steps.read(steps.SCORE_HOURS, question.parameters())
    pairs = Table.of(found, 3)  # of a metric's id and a commit
    rows: dict[int, list[int]] = {}
    for row, (metric, _) in enumerate(pairs.names):
        rows.setdefault(metric, []).append(row)
    pairs = replace(pairs, names=[commit for _, commit in pairs.names])
    metrics = Metric.objects.in_bulk(rows)
    ordered = sorted(rows, key=lambda pk: (metrics[pk].slug, -metrics[pk].version))
    return [_of_metric(metrics[pk], _groups(pairs.some(rows[pk]), names), question.steps) for pk in ordered]


def _of_metric(metric: Metric, groups: dict[Name, Table], count: int) -> dict[str, Any]:
    series = []
    for name, some in groups.items():
        table = some.by_step(count)
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
    """Of rights and wrongs; sums of them may have left [0, 1] by a rounding."""
    p, n = np.clip(p, 0, 1), np.where(n > 0, n, np.nan)
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
