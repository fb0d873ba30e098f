"""The days of the log tables: made before their first log, dropped when retention ends."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

TABLES = ("logs_log", "logs_text")
_made: set[date] = set()
LOCK = 0x6C6F_6773  # the advisory lock of whoever makes or drops days


def today() -> date:
    """The day now, UTC: every day here is."""
    return datetime.now(tz=UTC).date()


def oldest_day() -> date:
    """The first day that retention keeps."""
    return today() - timedelta(days=settings.LOG_RETENTION_DAYS)


def missing(days: Iterable[date]) -> list[date]:
    """Those of the days that have no partition yet. One small query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day FROM unnest(%s::date[]) AS day "
            "WHERE to_regclass('logs_log_' || to_char(day, 'YYYYMMDD')) IS NULL",
            [list(days)],
        )
        return [row[0] for row in cursor.fetchall()]


def ensure(days: Iterable[date]) -> None:
    """Make the partitions of these days where they are missing. Blocks no reader and no writer of other days.

    Days that retention keeps are never dropped, so this process asks for a day once; but inside a transaction, which
    may be rolled back with the partition that it made, it asks each time.
    """
    unsure = set(days) - _made
    for day in missing(unsure) if unsure else ():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            if missing([day]):
                for table in TABLES:
                    cursor.execute(_create(table, day))
    if not connection.in_atomic_block:
        _made.update(unsure)


def _create(table: str, day: date) -> sql.Composed:
    """Attaching a ready table takes a weaker lock than CREATE TABLE ... PARTITION OF."""
    return sql.SQL(
        "CREATE TABLE {part} (LIKE {table} INCLUDING ALL); "
        "ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ({first}) TO ({last})"
    ).format(
        table=sql.Identifier(table),
        part=sql.Identifier(f"{table}_{day:%Y%m%d}"),
        first=sql.Literal(day),
        last=sql.Literal(day + timedelta(days=1)),
    )


def existing() -> list[date]:
    """The days that have a partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') AS day "
            "FROM pg_inherits WHERE inhparent = 'logs_log'::regclass ORDER BY day"
        )
        return [row[0] for row in cursor.fetchall()]


def drop_before(first: date) -> list[date]:
    """Drop every day before `first`, texts and all; gives the days. Waits at most five seconds for readers."""
    gone = [day for day in existing() if day < first]
    for day in gone:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            for table in TABLES:
                cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(f"{table}_{day:%Y%m%d}")))
        _made.discard(day)
    return gone
