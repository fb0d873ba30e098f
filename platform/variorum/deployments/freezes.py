"""Freeze windows: when nothing new goes live, by the wall clock of the place that they are written for."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.deployments.models import Environment, Freeze
from variorum.events.services import record

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Span:
    """One stretch of a freeze, from a moment (UTC) up to, not including, another."""

    freeze: Freeze
    start: datetime
    end: datetime


def frozen(environment: Environment, at: datetime | None = None) -> Span | None:
    """The freeze that holds in an environment at a moment (None: now), the one that ends last."""
    at = at or timezone.now()
    spans = [span for freeze in freezes_of(environment) if (span := span_at(freeze, at))]
    return max(spans, key=lambda span: span.end, default=None)


def freezes_of(environment: Environment) -> list[Freeze]:
    """The environment's own freezes and those of the whole project."""
    own = Q(environment=environment) | Q(environment=None)
    return list(Freeze.objects.filter(own, project=environment.project_id).select_related("environment").order_by("pk"))


def span_at(freeze: Freeze, at: datetime) -> Span | None:
    """The stretch of a freeze that a moment lies in."""
    found = next_span(freeze, at)
    return found if found and found.start <= at else None


def next_span(freeze: Freeze, at: datetime) -> Span | None:
    """The stretch that a moment lies in, or else the next one; None when it is over for good."""
    return next((span for span in _spans(freeze, at) if span.end > at), None)


def _spans(freeze: Freeze, at: datetime) -> list[Span]:
    """The stretches around a moment in their order."""
    if freeze.starts_at and freeze.ends_at:
        return [Span(freeze, freeze.starts_at, freeze.ends_at)]
    zone = ZoneInfo(freeze.zone)
    today = at.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    return [_week(freeze, monday + weeks * WEEK, zone) for weeks in (-1, 0, 1, 2)]


def _week(freeze: Freeze, monday: date, zone: ZoneInfo) -> Span:
    """The stretch that begins in a week. One that ends before it begins, by the week's clock, ends in the next."""
    first, last = (freeze.from_day or 0, freeze.from_time or time()), (freeze.to_day or 0, freeze.to_time or time())
    later = 7 if last <= first else 0
    begins = _instants(monday + timedelta(days=first[0]), first[1], zone)
    ends = _instants(monday + timedelta(days=last[0] + later), last[1], zone)
    return Span(freeze, min(begins), max(ends))


def _instants(day: date, at: time, zone: ZoneInfo) -> list[datetime]:
    """What a wall time may mean: two moments where the clock shows it twice or skips it.

    A freeze takes the first for its beginning and the last for its end, so that it is never shorter than it reads.
    """
    return [datetime.combine(day, at, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1)]


@transaction.atomic
def add(
    *,
    project: Project,
    actor: Actor,
    environment: Environment | None,
    zone: str,
    reason: str,
    once: tuple[datetime, datetime] | None = None,
    weekly: dict[str, Any] | None = None,
) -> Freeze:
    """Freeze an environment (None: all) once, or every week by `from_day`, `from_time`, `to_day` and `to_time`."""
    made = Freeze.objects.create(
        project=project,
        environment=environment,
        kind=Freeze.Kind.ONCE if once else Freeze.Kind.WEEKLY,
        zone=zone,
        reason=reason,
        starts_at=once[0] if once else None,
        ends_at=once[1] if once else None,
        actor_name=actor.name[:220],
        **(weekly or {}),
    )
    _tell("freeze.added", made, actor)
    return made


@transaction.atomic
def remove(*, freeze: Freeze, actor: Actor) -> None:
    """Take a freeze away, also one that holds now."""
    _tell("freeze.removed", freeze, actor)
    freeze.delete()


def _tell(kind: str, freeze: Freeze, actor: Actor) -> None:
    where = freeze.environment.slug if freeze.environment else "every environment"
    data = {"environment": where, "when": in_words(freeze), "reason": freeze.reason}
    record(project=freeze.project, actor=actor, kind=kind, subject=("freeze", str(freeze.pk)), data=data)


DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def in_words(freeze: Freeze) -> str:
    """`every week from Friday 16:00 to Monday 08:00 (Europe/Berlin)`."""
    if freeze.starts_at and freeze.ends_at:
        zone = ZoneInfo(freeze.zone)
        start, end = (f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (freeze.starts_at, freeze.ends_at))
        return f"from {start} to {end} ({freeze.zone})"
    start, end = (
        f"{DAYS[day or 0]} {at:%H:%M}"
        for day, at in ((freeze.from_day, freeze.from_time), (freeze.to_day, freeze.to_time))
    )
    return f"every week from {start} to {end} ({freeze.zone})"
