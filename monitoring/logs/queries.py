"""Reads of logs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import Count, F, Func, Q, QuerySet, Sum
from rest_framework.request import Request

from evals.metrics.models import Score
from evals.metrics.queries import scores_of
from monitoring.logs.filters import LogFilter
from monitoring.logs.models import Log, LogDay, LogHour
from monitoring.logs.search import with_texts
from monitoring.logs.texts import Texts
from variorum.accounts.access import access_key_project, access_project, check_environment, key_of
from variorum.accounts.models import Project
from variorum.accounts.roles import Role, Scope
from variorum.lib.errors import NotFound, Unavailable
from variorum.lib.ids import uuid7_time

# Width of a bar in seconds, by the width of the range in seconds
STEPS = [(600, 10), (6000, 60), (8 * 3600, 300), (9 * 86_400, 3600)]
HOUR, DAY = 3600, 86_400
SECONDS = 10
FACETS = ("prompt", "environment", "commit", "model")


@dataclass(frozen=True)
class WholeLog:
    """One log with everything that is known of it."""

    log: Log
    texts: Texts
    scores: list[Score]


def access_log(request: Request, slug: str, log: UUID, role: Role = Role.VIEWER) -> Log:
    """One log of a project. Raises as access_project, NotFound."""
    return _found(find_log(access_project(request, slug, role), log))


def access_key_log(request: Request, log: UUID) -> Log:
    """One log of the calling key's project and environments. Raises as access_key_project, NotFound."""
    found = _found(find_log(access_key_project(request, Scope.LOGS), log))
    check_environment(key_of(request), found.environment)
    return found


def _found(log: Log | None) -> Log:
    if log is None:
        raise NotFound("The project has no such log, or no longer keeps it.")
    return log


def find_log(project: Project, id_: UUID) -> Log | None:
    """A log by its id."""
    moment = uuid7_time(id_)
    day = moment.date() if moment else LogDay.objects.filter(project=project, log_id=id_).values_list("day").first()
    if day is None:
        return None
    day = day[0] if isinstance(day, tuple) else day
    return Log.objects.filter(project=project, id=id_, day=day).first()


def whole(log: Log) -> WholeLog:
    """A log with its texts and scores."""
    texts = with_texts([log])[0][1]
    return WholeLog(log, texts, list(scores_of(log.project, "log", [str(log.id)])))


def scores_by_log(project: Project, logs: list[Log]) -> dict[str, list[Score]]:
    """The scores of a page of logs by log id."""
    found: dict[str, list[Score]] = {}
    for score in scores_of(project, "log", [str(log.id) for log in logs]):
        found.setdefault(score.subject_id, []).append(score)
    return found


def step_of(since: datetime, until: datetime) -> int:
    """The width of a histogram's bar in seconds, for at most some two hundred bars up to nine days."""
    width = (until - since).total_seconds()
    return next((step for most, step in STEPS if width <= most), DAY)


def histogram(project: Project, wanted: LogFilter) -> dict[str, Any]:
    """Logs by time: `{"step": seconds, "items": [{"at", "ok", "errors"}]}`, bars without logs left out.

    Bars begin at whole steps (UTC), the first one at or before the range. `text` is not looked at. From the hourly sums
    where they can answer.
    """
    step = step_of(wanted.since, wanted.until)
    rows = (
        _from_hours(project, wanted, step) if wanted.rolled_up and step >= HOUR else _from_logs(project, wanted, step)
    )
    items = [
        {"at": datetime.fromtimestamp(number * step, tz=UTC), "ok": count - errors, "errors": errors}
        for number, count, errors in rows
    ]
    return {"step": step, "items": items}


def _number(field: str, step: int) -> Func:
    return Func(F(field), template=f"floor(extract(epoch FROM %(expressions)s) / {step})::bigint")


def _from_logs(project: Project, wanted: LogFilter, step: int) -> list[tuple[int, int, int]]:
    rows = wanted.rows(project).values_list(_number("started_at", step)).order_by()
    with patience():
        return sorted(rows.annotate(count=Count("*"), errors=Count("id", filter=Q(failed=True))))


def _from_hours(project: Project, wanted: LogFilter, step: int) -> list[tuple[int, int, int]]:
    since = wanted.since.replace(minute=0, second=0, microsecond=0)
    rows = hours(project, since, wanted.until, wanted).values_list(_number("hour", step)).order_by()
    found = rows.annotate(count=Sum("requests"), bad=Sum("errors"))
    if wanted.status == "error":
        return sorted((number, bad, bad) for number, _, bad in found if bad)
    if wanted.status == "ok":
        return sorted((number, count - bad, 0) for number, count, bad in found if count > bad)
    return sorted(found)


def hours(project: Project, since: datetime, until: datetime, wanted: LogFilter | None = None) -> QuerySet[LogHour]:
    """The hourly sums of a range, narrowed by what they are kept by."""
    found = LogHour.objects.filter(project=project, hour__gte=since, hour__lt=until)
    for name in ("prompt", "environment", "model"):
        if wanted and getattr(wanted, name):
            found = found.filter(**{name: getattr(wanted, name)})
    return found.filter(commit__startswith=wanted.commit) if wanted and wanted.commit else found


def facets(project: Project, since: datetime, until: datetime) -> dict[str, list[dict[str, Any]]]:
    """The names that occur in a range, each with its number of requests, most frequent first, at most a hundred."""
    since = since.replace(minute=0, second=0, microsecond=0)
    found = {}
    for name in FACETS:
        rows = hours(project, since, until).exclude(**{name: ""}).values_list(name).order_by()
        top = rows.annotate(count=Sum("requests")).order_by("-count", name)[:100]
        found[name] = [{"value": value, "count": count} for value, count in top]
    return found


@contextmanager
def patience(seconds: int = SECONDS) -> Iterator[None]:
    """Bound the time of reads. Raises Unavailable with advice when it is up."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{seconds}s'")
            yield
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError as exc:
        if getattr(exc.__cause__, "sqlstate", "") != "57014":
            raise
        text = "This takes too long on so many logs. Choose a shorter range."
        raise Unavailable(text, code="too_slow") from None
