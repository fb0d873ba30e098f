"""Pages of logs, newest first, with or without a text to look for."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet

from monitoring.logs import texts
from monitoring.logs.filters import LogFilter
from monitoring.logs.models import Log, LogText
from monitoring.logs.texts import Texts
from variorum.accounts.models import Project
from variorum.lib.errors import Invalid
from variorum.lib.pagination import decode_cursor, encode_cursor

SECONDS = 1.5  # that one page of a text search may take; the next page goes on from there
STEP = 640  # logs that it looks at in one go


@dataclass(frozen=True)
class Found:
    """A page. `next` is None at the end; `searched_to` says how far back a text was looked for."""

    items: list[tuple[Log, Texts]]
    next: str | None
    searched_to: datetime | None = None


def page(project: Project, wanted: LogFilter, *, cursor: str, limit: int) -> Found:
    """The next page of what matches. Raises Invalid for a strange cursor."""
    rows = after(wanted.rows(project), cursor).order_by("-started_at", "-id")
    if wanted.text:
        return _search(rows, wanted.text, limit)
    found = list(rows[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return Found(with_texts(found), _cursor(found[-1]) if more else None)


def after(rows: QuerySet[Log], cursor: str) -> QuerySet[Log]:
    """Those older than a cursor."""
    if not cursor:
        return rows
    try:
        moment, id_ = decode_cursor(cursor)
        started, last = datetime.fromisoformat(moment), UUID(id_)
    except (ValueError, TypeError, AttributeError):
        text = "This cursor is not one of ours; ask for the first page again."
        raise Invalid(text, errors=[{"where": "cursor", "code": "invalid", "detail": text}]) from None
    return rows.filter(Q(started_at__lt=started) | Q(id__lt=last), started_at__lte=started)


def _cursor(log: Log) -> str:
    return encode_cursor([log.started_at.isoformat(), str(log.id)])


def _search(rows: QuerySet[Log], text: str, limit: int) -> Found:
    """Look through the texts, newest first, until the page is full, the end is reached or time is up."""
    deadline = time.monotonic() + SECONDS
    found: list[tuple[Log, Texts]] = []
    position, seen = "", None
    while True:
        step = list(after(rows, position)[:STEP])
        for log, its in _matching(step, text):
            found.append((log, its))
            if len(found) == limit:
                return Found(found, _cursor(log), log.started_at)
        if len(step) < STEP:
            return Found(found, None)
        seen, position = step[-1], _cursor(step[-1])
        if time.monotonic() > deadline:
            return Found(found, position, seen.started_at)


def _matching(logs: Sequence[Log], text: str) -> Iterable[tuple[Log, Texts]]:
    """Those whose texts hold a text in any case of letters. Whole packs without it are not even parsed."""
    needle = text.lower()
    in_json = orjson.dumps(needle)[1:-1].decode()
    packs = {key: None if in_json not in raw.lower() else raw for key, raw in _raw_packs(logs).items()}
    parsed = {key: orjson.loads(raw) for key, raw in packs.items() if raw is not None}
    for log in logs:
        if log.text_id in parsed:
            its = parsed[log.text_id][log.text_at]
            if any(needle in leaf.lower() for leaf in _leaves(its)):
                yield log, its


def _leaves(value: Any) -> Iterable[str]:
    """Every text in a JSON value, without the names of members."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)


def _raw_packs(logs: Sequence[Log]) -> dict[UUID, str]:
    return {id_: texts.inflate(body).decode() for id_, body in _bodies(logs)}


def _bodies(logs: Sequence[Log]) -> Iterable[tuple[UUID, bytes | memoryview]]:
    """The packs of some logs of one project."""
    if not logs:
        return []
    days = [log.day for log in logs]
    ids = {log.text_id for log in logs}
    found = LogText.objects.filter(project_id=logs[0].project_id, day__gte=min(days), day__lte=max(days), id__in=ids)
    return found.values_list("id", "body")


def with_texts(logs: Sequence[Log]) -> list[tuple[Log, Texts]]:
    """Some logs of one project with their texts, in one query."""
    packs = {id_: texts.unpack(body) for id_, body in _bodies(logs)}
    return [(log, packs[log.text_id][log.text_at]) for log in logs]
