"""A moment as people write it: 2026-11-17 14:05, 2026-11-17, tuesday 14:05, yesterday 9:30, 2 hours ago, ISO 8601."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS = {"m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86_400, "day": 86_400, "w": 604_800,
         "week": 604_800}  # fmt: skip
AGO = re.compile(r"(\d{1,6})\s*([a-z]+?)s?\s+ago")
CLOCK = re.compile(r"(?:(?P<day>[a-z]+)\s+)?(?:at\s+)?(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
EXAMPLES = "2026-11-17 14:05, 2026-11-17, tuesday 14:05, yesterday 9:30, 14:05, 2 hours ago, or 2026-11-17T14:05:00Z"


def parse_moment(text: str, *, zone: tzinfo, now: datetime | None = None) -> datetime:
    """The moment that a text means, with its zone; one without is `zone`'s, and never in the future by guess.

    A time that the clock showed twice that night is the first of the two. Raises ValueError naming what is understood.
    """
    now = (now or datetime.now(UTC)).astimezone(zone)
    plain = " ".join(text.strip().lower().split())
    if plain in ("", "now"):
        return now
    try:
        found = _ago(plain, now) or _clock(plain, now) or _iso(text.strip(), zone)
    except (OverflowError, ValueError):
        found = None
    if found is None:
        raise ValueError(f"{text[:60]!r} is no moment that is understood. Write it as {EXAMPLES}.")
    return found


def zone_of(name: str | None) -> tzinfo:
    """The zone of this name, the computer's own without one. Raises ValueError."""
    if not name:
        return datetime.now(UTC).astimezone().tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name[:60]!r} is no time zone; write it as Europe/Berlin.") from None


def said(moment: datetime) -> str:
    """Tue 2026-11-17 14:05:00 CET (+0100)."""
    return f"{moment:%a %Y-%m-%d %H:%M:%S %Z (%z)}"


def _ago(text: str, now: datetime) -> datetime | None:
    found = AGO.fullmatch(text)
    if found is None or found[2] not in UNITS:
        return None
    zone = now.tzinfo
    return (now.astimezone(UTC) - timedelta(seconds=int(found[1]) * UNITS[found[2]])).astimezone(zone)


def _clock(text: str, now: datetime) -> datetime | None:
    """A time of today (of yesterday, when it is still to come), of a named day, or of the last weekday so called."""
    found = CLOCK.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    at = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
    day = found["day"]
    if day in (None, "today"):
        return at if at <= now or day else at - timedelta(days=1)
    if day == "yesterday":
        return at - timedelta(days=1)
    names = [name for name in DAYS if len(day) >= 3 and name.startswith(day)]
    if not names:
        return None
    back = (now.weekday() - DAYS.index(names[0])) % 7
    return at - timedelta(days=back if back or at <= now else 7)


def _iso(text: str, zone: tzinfo) -> datetime | None:
    """A date alone means its beginning."""
    if len(text) < 16 and not DAY.fullmatch(text):
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=zone)
