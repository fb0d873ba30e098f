"""Exact figures of a window of logs, read from the logs and scores themselves: what alerts look at.

The windows are minutes to a day long; dashboards over longer ranges read the hourly sums (`monitoring.quality`).
"""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import NormalDist
from typing import Any

from django.db import connection

from evals.metrics.models import Metric
from variorum.accounts.models import Project
from variorum.lib.statistics import CONFIDENCE, Interval, wilson

TRAFFIC = """
SELECT GROUPING(commit) = 0, commit, count(*), count(*) FILTER (WHERE failed), count(latency_ms), avg(latency_ms),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY latency_ms), percentile_disc(0.99) WITHIN GROUP (ORDER BY latency_ms),
    coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), coalesce(sum(cost), 0),
    min(started_at), max(started_at)
FROM logs_log
WHERE project_id = %(project)s AND started_at >= %(since)s AND started_at < %(until)s
    AND day BETWEEN %(first_day)s AND %(last_day)s
    AND (%(environment)s = '' OR environment = %(environment)s) AND (%(prompt)s = '' OR prompt = %(prompt)s)
GROUP BY GROUPING SETS ((), (commit))
"""
SCORES = """
SELECT log.commit, count(*), sum(score.value), sum(score.value * score.value)
FROM metrics_score AS score
JOIN logs_log AS log ON log.project_id = score.project_id AND log.id = score.subject_id::uuid
WHERE score.project_id = %(project)s AND score.metric_id = %(metric)s AND score.subject_kind = 'log'
    AND score.at >= %(since)s AND score.at < %(until)s AND score.value IS NOT NULL
    AND log.day BETWEEN %(first_day)s AND %(last_day)s
    AND (%(environment)s = '' OR log.environment = %(environment)s) AND (%(prompt)s = '' OR log.prompt = %(prompt)s)
GROUP BY log.commit
"""


@dataclass(frozen=True)
class Window:
    """Which logs: those of a project that began from `since` (included) to `until`. Empty names mean any."""

    project: Project
    since: datetime
    until: datetime
    environment: str = ""
    prompt: str = ""

    def parameters(self) -> dict[str, Any]:
        """For the queries above. The day of an id and the beginning of its call may lie a day apart."""
        return {
            "project": self.project.pk,
            "since": self.since,
            "until": self.until,
            "first_day": (self.since - timedelta(days=1)).date(),
            "last_day": (self.until + timedelta(days=1)).date(),
            "environment": self.environment,
            "prompt": self.prompt,
        }


@dataclass(frozen=True)
class Traffic:
    """Requests of a window, or of one commit in it. Latencies are exact milliseconds, None when none came with one."""

    requests: int = 0
    errors: int = 0
    timed: int = 0
    latency_mean: float | None = None
    latency_p50: float | None = None
    latency_p99: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = Decimal(0)
    first_at: datetime | None = None
    last_at: datetime | None = None

    @property
    def error_rate(self) -> Interval | None:
        """The share of failed requests with its interval; None without requests."""
        return wilson(self.errors, self.requests) if self.requests else None


@dataclass(frozen=True)
class Figures:
    """A window's requests, whole and by the commit that answered ("" when the app did not say), most requests first."""

    whole: Traffic
    by_commit: dict[str, Traffic] = field(default_factory=dict)


@dataclass(frozen=True)
class Scores:
    """A metric version's scores of a window: the mean with its interval, whole (None: no score) and by commit."""

    whole: Interval | None
    by_commit: dict[str, Interval] = field(default_factory=dict)


def traffic(window: Window) -> Figures:
    """The requests of a window, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(TRAFFIC, window.parameters())
        rows = cursor.fetchall()
    whole = next(Traffic(*row[2:]) for row in rows if not row[0])
    parts = {row[1]: Traffic(*row[2:]) for row in rows if row[0]}
    return Figures(whole, dict(sorted(parts.items(), key=lambda part: -part[1].requests)))


def scores(window: Window, metric: Metric) -> Scores:
    """What one metric version says about the logs of a window. Versions are never pooled."""
    with connection.cursor() as cursor:
        cursor.execute(SCORES, {**window.parameters(), "metric": metric.pk})
        rows = sorted(cursor.fetchall(), key=lambda row: -row[1])
    n, total, squares = (sum(row[i] for row in rows) for i in (1, 2, 3))
    return Scores(
        mean(n, total, squares, binary=metric.binary) if n else None,
        {commit: mean(*sums, binary=metric.binary) for commit, *sums in rows},
    )


def mean(n: int, total: float, squares: float, *, binary: bool) -> Interval:
    """The mean of n values from 0 to 1 with its interval, from their sum and sum of squares. n must be positive.

    Wilson's for values that are 0 or 1; else the normal one, which is rough below some thirty values, and says nothing
    (0 to 1) for a single value.
    """
    if binary:
        return wilson(round(total), n)
    value = min(max(total / n, 0.0), 1.0)
    if n == 1:
        return Interval(value, 0.0, 1.0, 1, "one value")
    variance = max(squares - total * total / n, 0.0) / (n - 1)
    half = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * math.sqrt(variance / n)
    return Interval(value, max(0.0, value - half), min(1.0, value + half), n, "normal")
