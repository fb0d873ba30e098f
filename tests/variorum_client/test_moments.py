"""Moments as people write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from variorum_client.moments import parse_moment, said, zone_of

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 19, 10, 30, tzinfo=BERLIN)  # a Thursday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-11-19T10:30:00+01:00"),
        ("2026-11-17 14:05", "2026-11-17T14:05:00+01:00"),
        ("2026-11-17", "2026-11-17T00:00:00+01:00"),
        ("2020-07-01", "2020-07-01T00:00:00+02:00"),
        ("2026-07-17T14:05:09", "2026-07-17T14:05:09+02:00"),
        ("2026-11-17T14:05:00Z", "2026-11-17T14:05:00+00:00"),
        ("2026-11-17T14:05+05:30", "2026-11-17T14:05:00+05:30"),
        ("10:29", "2026-11-19T10:29:00+01:00"),
        ("14:05", "2026-11-18T14:05:00+01:00"),
        ("today 14:05", "2026-11-19T14:05:00+01:00"),
        ("Yesterday 9:30", "2026-11-18T09:30:00+01:00"),
        ("tuesday 14:05", "2026-11-17T14:05:00+01:00"),
        ("Tue at 14:05", "2026-11-17T14:05:00+01:00"),
        ("thursday 9:00", "2026-11-19T09:00:00+01:00"),
        ("thursday 11:00", "2026-11-12T11:00:00+01:00"),
        ("2 hours ago", "2026-11-19T08:30:00+01:00"),
        ("90 min ago", "2026-11-19T09:00:00+01:00"),
        ("1 week ago", "2026-11-12T10:30:00+01:00"),
    ],
)
def test_what_is_understood(text: str, expected: str) -> None:
    assert parse_moment(text, zone=BERLIN, now=NOW).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    ["soon", "25:00", "2026-13-01 10:00", "2026-11-31", "2026-11", "t 14:05", "999999 weeks ago", "5 moons ago", "\0"],
)
def test_what_is_not(text: str) -> None:
    with pytest.raises(ValueError, match="is no moment that is understood"):
        parse_moment(text, zone=BERLIN, now=NOW)


def test_hours_are_real_hours_when_the_clock_changes() -> None:
    after = datetime(2026, 10, 25, 4, 0, tzinfo=BERLIN)  # clocks went back at 3:00
    back = parse_moment("3 hours ago", zone=BERLIN, now=after)
    assert after.astimezone(UTC) - back.astimezone(UTC) == timedelta(hours=3)
    assert back.isoformat() == "2026-10-25T02:00:00+02:00"
    twice = parse_moment("2026-10-25 02:30", zone=BERLIN, now=after)
    assert twice.utcoffset() == timedelta(hours=2)  # the first of the two


def test_zones_are_named_and_shown() -> None:
    assert said(datetime(2026, 11, 17, 14, 5, tzinfo=zone_of("Europe/Berlin"))) == "Tue 2026-11-17 14:05:00 CET (+0100)"
    assert zone_of(None) is not None
    for bad in ("Mars/Base", "../etc/passwd", "a" * 5000):
        with pytest.raises(ValueError, match="is no time zone"):
            zone_of(bad)
