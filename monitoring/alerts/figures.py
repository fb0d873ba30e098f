"""What a rule watches, measured to the minute: from the logs and scores themselves, not from their hourly sums."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum, UUIDField
from django.db.models.functions import Cast

from evals.metrics.models import Score
from evals.metrics.queries import find_metric
from monitoring.alerts.models import AlertRule
from monitoring.logs.filters import LogFilter
from monitoring.logs.models import Log
from variorum.lib import statistics

Kind = AlertRule.Kind
Z = 1.959964


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval; `value` is None when nothing was measured, a missing bound is unknown."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str

    def as_json(self) -> dict[str, Any]:
        """JSON-able, six decimals."""
        rounded = {
            name: None if part is None else round(part, 6)
            for name, part in (("value", self.value), ("low", self.low), ("high", self.high))
        }
        return {**rounded, "n": self.n, "method": self.method}


NOTHING = Figure(None, None, None, 0, "")


def figure(rule: AlertRule, since: datetime, until: datetime, commit: str | None = None) -> Figure:
    """The rule's figure of a window, of all commits or of one. Raises NotFound for a metric that is gone."""
    if rule.kind == Kind.SCORE:
        return _score(rule, since, until, commit)
    rows = logs_of(rule, since, until)
    if commit is not None:
        rows = rows.filter(commit=commit)
    if rule.kind == Kind.LATENCY:
        return _latency(rows, rule.quantile)
    if rule.kind == Kind.COST:
        return _cost(rows, (until - since).total_seconds() / 3600)
    return _errors(rows) if rule.kind == Kind.ERRORS else _traffic(rows)


def logs_of(rule: AlertRule, since: datetime, until: datetime) -> QuerySet[Log]:
    """The logs in a rule's scope that began in the window, by the index of time."""
    found = LogFilter(since=since, until=until, prompt=rule.prompt, environment=rule.environment)
    return found.rows(rule.project).order_by()


def scores_in(rule: AlertRule, since: datetime, until: datetime) -> QuerySet[Score]:
    """The scores of those logs by the newest version of the rule's metric; versions are never pooled."""
    found = Score.objects.filter(
        project=rule.project,
        metric=find_metric(rule.project, rule.metric),
        subject_kind="log",
        at__gte=since,
        at__lt=until,
        value__isnull=False,
    ).order_by()
    if rule.environment:
        found = found.filter(environment=rule.environment)
    if not rule.prompt:
        return found
    mine = logs_of(rule, since, until).filter(id=Cast(OuterRef("subject_id"), UUIDField()))
    return found.filter(Exists(mine))


def commits_in(rule: AlertRule, since: datetime, until: datetime, most: int) -> list[tuple[str, int]]:
    """The commits that served in the window with their numbers of requests (scores for a score rule), most first."""
    rows: QuerySet[Any] = scores_in(rule, since, until) if rule.kind == Kind.SCORE else logs_of(rule, since, until)
    found = rows.exclude(commit="").values_list("commit").annotate(count=Count("*"))
    return list(found.order_by("-count", "commit")[:most])


def _score(rule: AlertRule, since: datetime, until: datetime, commit: str | None) -> Figure:
    rows = scores_in(rule, since, until)
    if commit is not None:
        rows = rows.filter(commit=commit[:40])
    sums = rows.aggregate(n=Count("*"), total=Sum("value"), squares=Sum(F("value") * F("value")))
    if not sums["n"]:
        return NOTHING
    if find_metric(rule.project, rule.metric).binary:
        return _of(statistics.wilson(round(sums["total"]), sums["n"]))
    return _of(statistics.mean_t(sums["n"], sums["total"], sums["squares"]))


def _errors(rows: QuerySet[Log]) -> Figure:
    sums = rows.aggregate(n=Count("*"), failed=Count("id", filter=Q(failed=True)))
    return _of(statistics.wilson(sums["failed"], sums["n"])) if sums["n"] else NOTHING


def _cost(rows: QuerySet[Log], hours: float) -> Figure:
    """Dollars an hour. The interval is that of a compound Poisson process: the variance of the sum is Σ cost²."""
    sums = rows.aggregate(n=Count("cost"), total=Sum("cost"), squares=Sum(F("cost") * F("cost")))
    if not sums["n"]:
        return NOTHING
    total, half = float(sums["total"]), Z * float(sums["squares"]) ** 0.5
    low, high = max(0.0, total - half), total + half
    return Figure(total / hours, low / hours, high / hours, sums["n"], "compound Poisson")


def _traffic(rows: QuerySet[Log]) -> Figure:
    count = rows.count()
    return Figure(count, count, count, count, "a count")


def _latency(rows: QuerySet[Log], share: float) -> Figure:
    """A quantile and its bounds by rank, all three read from the sorted values in the database."""
    timed = rows.filter(latency_ms__isnull=False).values("latency_ms")
    n = timed.count()
    if not n:
        return NOTHING
    below, above = statistics.quantile_ranks(n, share)
    ranks = [share, max(below, 1) / n, min(above, n) / n]
    value, low, high = _read_quantiles(timed, ranks)
    return Figure(value, low if below >= 1 else None, high if above <= n else None, n, "order statistics")


def _read_quantiles(timed: QuerySet[Log, Any], shares: list[float]) -> list[float]:
    """Values of the sorted column: the first whose position is at least each share of all."""
    inner, parameters = timed.query.sql_with_params()
    wanted = [max(0.0, share - 1e-12) for share in shares]
    text = f"SELECT percentile_disc(%s::float8[]) WITHIN GROUP (ORDER BY latency_ms) FROM ({inner}) AS timed"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(text, [wanted, *parameters])
        row = cursor.fetchone()
    found = row[0] if row else None
    return [float(value or 0) for value in found] if found else [0.0] * len(shares)


def _of(interval: statistics.Interval) -> Figure:
    return Figure(interval.value, interval.low, interval.high, interval.n, interval.method)
