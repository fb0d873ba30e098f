"""Moments as people write them: with their zone, or as the wall clock of a named place shows them."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.utils.dateparse import parse_datetime


@cache
def zones() -> frozenset[str]:
    """The names of all time zones known here."""
    return frozenset(available_timezones())


def moment(raw: str, zone: str) -> datetime | None:
    """`2026-11-22T09:30:00Z`, or `2026-11-22T09:30` by the wall clock of `zone`, in UTC; None when it is no time.

    A wall time that the clock skips in spring is read an hour later, one that it shows twice in autumn as the first.
    """
    try:
        at = parse_datetime(raw)
        if at is not None and at.tzinfo is None and zone in zones():
            at = at.replace(tzinfo=ZoneInfo(zone))
        return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None
    except (ValueError, OverflowError, OSError):
        return None


def in_words(at: datetime, zone: str) -> str:
    """`Monday 23 November 08:00 (Europe/Berlin)`."""
    local = at.astimezone(ZoneInfo(zone if zone in zones() else "UTC"))
    return f"{local:%A} {local.day} {local:%B %H:%M} ({zone})"
