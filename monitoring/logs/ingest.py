"""Stores checked logs, each exactly once.

The key is (project, id, day), and the day is a function of the id. For a version 7 UUID it is the day of the moment
inside it; for every other id it is kept in LogDay, whose key is (project, id). Sending a log again is thus always a
duplicate, on whichever day it is said to have happened.
"""

import time
from collections.abc import Callable, Sequence
from itertools import groupby
from uuid import UUID

import psycopg
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from monitoring.logs import partitions, rollups, texts
from monitoring.logs.entries import Entry
from monitoring.logs.group import GroupCommit
from monitoring.logs.models import LogDay
from variorum.accounts.models import ApiKey
from variorum.events import live
from variorum.lib.errors import Unavailable
from variorum.lib.ids import uuid7

COPY = """
COPY logs_log (
    project_id, day, id, started_at, prompt, environment, commit, model, adapter, failed, latency_ms,
    input_tokens, output_tokens, cost, tags, end_user, session, variant, text_id, text_at
) FROM STDIN
"""
KNOWN = """
SELECT asked.project_id, asked.id FROM unnest(%s::bigint[], %s::date[], %s::uuid[]) AS asked (project_id, day, id)
JOIN logs_log USING (project_id, day, id)
UNION
SELECT asked.project_id, asked.id FROM unnest(%s::bigint[], %s::uuid[]) AS asked (project_id, id)
JOIN logs_logday AS other ON other.project_id = asked.project_id AND other.log_id = asked.id
"""
GOOD = """
SELECT key.id FROM accounts_apikey AS key JOIN accounts_user AS maker ON maker.id = key.created_by_id
WHERE key.id = ANY(%s) AND key.revoked_at IS NULL AND (key.expires_at IS NULL OR key.expires_at > now())
AND maker.is_active AND 'logs' = ANY(key.scopes)
"""
INSERT_TEXTS = "INSERT INTO logs_text (project_id, day, id, body) VALUES (%s, %s, %s, %b)"
Watcher = Callable[[list[Entry]], None]
_watchers: list[Watcher] = []
_published: dict[int, float] = {}
_used: dict[int, float] = {}


def watch(watcher: Watcher) -> None:
    """Have `watcher` called with the new logs of every transaction, inside it. For the rooms above, at start."""
    _watchers.append(watcher)


def store(entries: Sequence[Entry], *, key_id: int | None = None) -> int:
    """Store logs together with what other threads store now; gives how many were new, once they are durable.

    Raises Unavailable or OperationalError when it cannot be said that they are: send them again. Unauthenticated when
    `key_id` names a key that is no longer good.
    """
    return _group.store(entries, key_id)


def _admit(keys: set[int]) -> set[int]:
    """Those keys that are good now; notes their use, at most once a minute."""
    with connection.cursor() as cursor:
        cursor.execute(GOOD, [list(keys)])
        good = {row[0] for row in cursor.fetchall()}
    now = time.monotonic()
    if stale := {key for key in good if now - _used.get(key, now - 60) >= 60}:
        ApiKey.objects.filter(pk__in=stale).update(last_used_at=Now())
        _used.update(dict.fromkeys(stale, now))
    return good


def write(entries: list[Entry]) -> list[Entry]:
    """Store logs with different ids in one transaction; gives the new ones. The rest was here already."""
    fresh = sorted(entries, key=lambda e: (e.project_id, e.day, e.id))  # one order of locks everywhere
    partitions.ensure({entry.day for entry in fresh})
    for _ in range(5):
        try:
            told = _insert(fresh) if fresh else set()
        except IntegrityError:
            fresh = _unknown(fresh)
        else:
            _published.update(dict.fromkeys(told, time.monotonic()))
            return fresh
    raise Unavailable("These logs are being sent by several processes at once. Send them again.")


@transaction.atomic
def _insert(entries: list[Entry]) -> set[int]:
    """All of them, or IntegrityError when one is known. Logs are almost always new, so COPY goes straight to the table.
    Gives the projects whose open pages will be told.
    """
    others = [LogDay(project_id=e.project_id, log_id=e.id, day=e.day) for e in entries if e.id.version != 7]
    if others:
        LogDay.objects.bulk_create(others)
    bodies, places = _packed(entries)
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for entry, place in zip(entries, places, strict=True):
            copy.write_row(entry[:-1] + place)
    for watcher in _watchers:
        watcher(entries)
    with connection.wrap_database_errors, connection.connection.pipeline():  # one round trip for all of them
        texts_cursor = psycopg.Cursor(connection.connection)
        for body in bodies:
            texts_cursor.execute(INSERT_TEXTS, body)
        told = _publish(entries)
        rollups.add(entries)  # last: its rows are the only ones that other writers wait for
    return told


def _packed(entries: list[Entry]) -> tuple[list[tuple[object, ...]], list[tuple[UUID, int]]]:
    """The rows of logs_text, and for each log where in them its texts are."""
    bodies: list[tuple[object, ...]] = []
    places: list[tuple[UUID, int]] = []
    for (project_id, day), group in groupby(entries, key=lambda e: (e.project_id, e.day)):
        for run in texts.packs([entry.texts for entry in group]):
            id_ = uuid7()
            bodies.append((project_id, day, id_, texts.pack(run)))
            places += [(id_, place) for place in range(len(run))]
    return bodies, places


def _unknown(entries: list[Entry]) -> list[Entry]:
    """Those that are not stored yet, on any day."""
    ids, projects, days = [e.id for e in entries], [e.project_id for e in entries], [e.day for e in entries]
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [projects, days, ids, projects, ids])
        known = set(cursor.fetchall())
    return [entry for entry in entries if (entry.project_id, entry.id) not in known]


def _publish(entries: list[Entry]) -> set[int]:
    """Tell open pages at commit, at most once a second for a project (in each process). Gives the projects told."""
    soon = time.monotonic() - 1
    told = {project for project in {e.project_id for e in entries} if _published.get(project, soon) <= soon}
    for project in told:
        live.publish(project, "logs.ingested", ("log", ""))
    return told


_group = GroupCommit(write, _admit)
