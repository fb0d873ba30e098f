"""The hourly sums by step, as tables of numbers: read once, and again only where a row was written since.

A page that is open asks for the same week again and again, and only its last hour changes. PostgreSQL says in a
millisecond which steps have changed: every write gives a row a new `xmin` (the number of the transaction). Reading and
decoding the latency buckets of a week of six commits and prompts takes twenty times as long.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import connection

from monitoring.logs import rollups

Floats = npt.NDArray[np.float64]
Row = tuple[Any, ...]
MOST_ROWS = 10_000  # remembered in each process, of 1.5 KB at most
SCOPE = """
project_id = %(project)s AND hour >= %(since)s AND hour < %(until)s
    AND (%(environment)s = '' OR environment = %(environment)s) AND (%(prompt)s = '' OR prompt = %(prompt)s)
"""
PLACE = "extract(epoch FROM hour - %(since)s)::int / %(step)s"
STATES = """
SELECT {place}, count(*), sum(id)::bigint, sum(xmin::text::bigint)::bigint FROM {table} WHERE {scope} GROUP BY 1
"""
REQUESTS = """
SELECT {place}, commit, requests::float8, errors::float8, timed::float8, latency_sum, input_tokens::float8,
    output_tokens::float8, cost::float8, array_send(buckets)
FROM logs_loghour WHERE {scope} AND {place} = ANY(%(places)s)
"""
SCORES = """
SELECT {place}, metric_id, commit, sum(n)::float8, sum(total), sum(squares)
FROM logs_scorehour WHERE {scope} AND {place} = ANY(%(places)s) GROUP BY 1, 2, 3
"""
SUMS = 7  # the columns of a table of requests that come before its buckets


class Step(NamedTuple):
    """What a step holds: in `values` a row of numbers for each of the `names`."""

    state: Row
    names: tuple[Any, ...]
    values: Floats


class Kind(NamedTuple):
    """One of the two rollups, and how its rows become steps."""

    table: str
    sql: str
    named_by: int  # how many columns after the place make the name

    def values(self, rows: Sequence[Row]) -> Floats:
        """The numbers of rows; those of requests have their buckets behind their sums."""
        if self.table == "logs_scorehour":
            return np.array([row[3:] for row in rows], dtype=np.float64)
        sums = np.array([row[2:9] for row in rows], dtype=np.float64)
        return np.hstack([sums, _buckets([row[9] for row in rows])])


REQUEST_HOURS = Kind("logs_loghour", REQUESTS, 1)  # a name is a commit
SCORE_HOURS = Kind("logs_scorehour", SCORES, 2)  # a name is a metric's id and a commit
_remembered: OrderedDict[Row, dict[float, Step]] = OrderedDict()
_lock = threading.Lock()


def read(kind: Kind, parameters: dict[str, Any]) -> dict[int, Step]:
    """The steps of a question that hold anything, in their order, by their place in it."""
    key = (kind.table, *(parameters[name] for name in ("project", "environment", "prompt", "step")))
    known = _remembered.get(key, {})
    begin, width = parameters["since"].timestamp(), parameters["step"]
    states = {row[0]: row[1:] for row in _rows(STATES, kind, parameters)}
    found = {place: known[at] for place in states if (at := begin + place * width) in known}
    stale = [place for place, state in states.items() if place not in found or found[place].state != state]
    if stale:
        found |= _load(kind, parameters, stale, states)
    _remember(key, {begin + place * width: step for place, step in found.items()})
    return dict(sorted(found.items()))


def forget() -> None:
    """Forget everything."""
    with _lock:
        _remembered.clear()


def _load(kind: Kind, parameters: dict[str, Any], places: list[int], states: dict[int, Row]) -> dict[int, Step]:
    """Steps from the database. What is written meanwhile is in them under an older state: they are read again."""
    rows = _rows(kind.sql, kind, {**parameters, "places": places})
    values = kind.values(rows) if rows else np.zeros((0, 1))
    groups: dict[int, dict[Any, list[int]]] = {}
    for number, row in enumerate(rows):
        name = row[1] if kind.named_by == 1 else row[1 : 1 + kind.named_by]
        groups.setdefault(row[0], {}).setdefault(name, []).append(number)
    return {
        place: Step(states[place], tuple(named), np.array([values[numbers].sum(axis=0) for numbers in named.values()]))
        for place, named in groups.items()
    }


def _remember(key: Row, steps: dict[float, Step]) -> None:
    """Instead of what was known; the questions that were not asked for longest are forgotten."""
    with _lock:
        _remembered.pop(key, None)
        _remembered[key] = steps
        rows = sum(_size(some.values()) for some in _remembered.values())
        while rows > MOST_ROWS:
            _, gone = _remembered.popitem(last=False)
            rows -= _size(gone.values())


def _size(steps: Iterable[Step]) -> int:
    return sum(len(step.names) for step in steps)


def _rows(sql: str, kind: Kind, parameters: dict[str, Any]) -> list[Row]:
    """Binary, past Django's cursor: half a megabyte of buckets need not be written and read as text."""
    text = sql.format(table=kind.table, place=PLACE, scope=SCOPE)
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(text.encode(), parameters, binary=True).fetchall()


def _buckets(sent: Sequence[bytes]) -> npt.NDArray[np.int32]:
    """Arrays as PostgreSQL sends them: 20 bytes of header, then for each element its length and itself."""
    raw = np.frombuffer(b"".join(sent), dtype=">i4")
    return raw.reshape(-1, 5 + 2 * rollups.BUCKETS)[:, 6::2].astype(np.int32)
