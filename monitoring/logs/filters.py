"""What a list of logs may be narrowed by, from the query string to the query."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from django.conf import settings
from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from evals.metrics.models import Score
from monitoring.logs.models import Log
from variorum.accounts.models import Project
from variorum.lib.errors import Invalid

NAMES = ("prompt", "environment", "commit", "variant", "model", "tag", "user", "session", "text", "score")
NUMBERS = ("latency_above", "latency_below", "score_above", "score_below")
PARAMETERS = (*NAMES, *NUMBERS, "status", "from", "to")
ROLLED_UP = {"prompt", "environment", "commit", "model", "status"}


@dataclass(frozen=True)
class LogFilter:
    """Every part that is set must hold. Latencies are milliseconds; `score` names a metric by its slug, any version.

    A log is in the range from `since` (included) to `until` (excluded) when its call began there.
    """

    since: datetime
    until: datetime
    prompt: str = ""
    environment: str = ""
    commit: str = ""
    variant: str = ""
    model: str = ""
    status: str = ""
    tag: str = ""
    user: str = ""
    session: str = ""
    text: str = ""
    score: str = ""
    latency_above: float | None = None
    latency_below: float | None = None
    score_above: float | None = None
    score_below: float | None = None

    @property
    def rolled_up(self) -> bool:
        """Whether the hourly sums can answer it."""
        set_parts = {part.name for part in fields(self) if getattr(self, part.name) not in ("", None)}
        return set_parts <= ROLLED_UP | {"since", "until"}

    def rows(self, project: Project) -> QuerySet[Log]:
        """The logs that match, but for `text`."""
        day = timedelta(days=1)  # an id's time and a call's beginning may lie a day apart
        found = Log.objects.filter(
            project=project,
            started_at__gte=self.since,
            started_at__lt=self.until,
            day__gte=(self.since - day).date(),
            day__lte=(self.until + day).date(),
        )
        for name in ("prompt", "environment", "variant", "model", "session"):
            if value := getattr(self, name):
                found = found.filter(**{name: value})
        if self.commit:  # as people write them, cut
            found = found.filter(commit__startswith=self.commit)
        if self.user:
            found = found.filter(end_user=self.user)
        if self.tag:
            found = found.filter(tags__contains=[self.tag])
        if self.status:
            found = found.filter(failed=self.status == "error")
        return self._scored(self._timed(found), project)

    def _timed(self, found: QuerySet[Log]) -> QuerySet[Log]:
        if self.latency_above is not None:
            found = found.filter(latency_ms__gte=self.latency_above)
        return found if self.latency_below is None else found.filter(latency_ms__lte=self.latency_below)

    def _scored(self, found: QuerySet[Log], project: Project) -> QuerySet[Log]:
        if not self.score:
            return found
        scores = Score.objects.filter(
            project=project,
            subject_kind="log",
            subject_id=Cast(OuterRef("id"), CharField()),
            metric__slug=self.score,
            value__isnull=False,
        )
        if self.score_above is not None:
            scores = scores.filter(value__gte=self.score_above)
        if self.score_below is not None:
            scores = scores.filter(value__lte=self.score_below)
        return found.filter(Exists(scores))


def read_filter(request: Request) -> LogFilter:
    """The filter of a query string; without a range, all that retention keeps. Raises Invalid naming the part."""
    given = {name: request.query_params.get(name, "") for name in PARAMETERS}
    since, until = read_range(request)
    if given["status"] not in ("", "ok", "error"):
        _refuse("status", "status is ok or error.")
    for name in ("score_above", "score_below"):
        if given[name] and not given["score"]:
            _refuse(name, f"{name} needs score, the name of a metric.")
    parts: dict[str, Any] = {name: _name(name, given[name]) for name in NAMES}
    parts |= {name: _number(name, given[name]) for name in NUMBERS}
    return LogFilter(since=since, until=until, status=given["status"], **parts)


def read_range(
    request: Request, *, default: timedelta | None = None, ahead: timedelta = timedelta(hours=2)
) -> tuple[datetime, datetime]:
    """`from` and `to`; without them the last `default`, or all that retention keeps. Raises Invalid.

    Without `to` the range ends `ahead` of now: clocks of those who log may go ahead of ours.
    """
    now = datetime.now(tz=UTC)
    until = _moment("to", request.query_params.get("to", "")) or now + ahead
    width = default or timedelta(days=settings.LOG_RETENTION_DAYS + 2)
    since = _moment("from", request.query_params.get("from", "")) or min(until, now) - width
    if since >= until:
        _refuse("from", "from must lie before to.")
    return since, until


def _moment(name: str, raw: str) -> datetime | None:
    if not raw:
        return None
    try:
        found = parse_datetime(raw.replace(" ", "+"))  # a plus sign that was not escaped
        moment = found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not 1970 <= moment.year <= 9000:
        _refuse(name, f"{name} must be a time with its zone, as 2026-01-31T12:00:00Z.")
    return moment


def _name(name: str, raw: str) -> str:
    if len(raw) > 500 or "\x00" in raw:
        _refuse(name, f"{name} may have 500 characters and no NUL.")
    return raw


def _number(name: str, raw: str) -> float | None:
    if not raw:
        return None
    try:
        value = float(raw)
    except ValueError:
        value = float("nan")
    if not -1e12 < value < 1e12:
        _refuse(name, f"{name} must be a number.")
    return value


def _refuse(where: str, text: str) -> NoReturn:
    raise Invalid(text, errors=[{"where": where, "code": "invalid", "detail": text}])
