"""Calls become logs: durable, off the caller's path, by one thread of each web process.

What was answered is put in a queue; the thread stores all that waits in one transaction and counts what keys used.
While the database is away it goes on trying. The queue is bounded by what goes in: with too much waiting, new calls
are refused before they are made, so that nothing that was answered is dropped. At a regular end the queue is emptied.
What a `kill -9` can take is what was answered in the last instants before it.
"""

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
from django.db import connection
from django.db.utils import InterfaceError, OperationalError

from monitoring.gateway import admission
from monitoring.gateway.admission import Reservation
from monitoring.logs import entries, ingest
from monitoring.logs.entries import Entry
from variorum.lib.errors import Problem, Unavailable

log = logging.getLogger(__name__)
MOST_WAITING = 5000
MOST_BYTES = 200_000_000
BATCH = 200
GATHER_SECONDS = 0.05  # between a call's end and its log, so that calls that end together share a transaction
END_SECONDS = 20.0
LONG = 2000  # characters: a longer data address is shortened in the log
BODY = ("input", "output")


@dataclass(frozen=True)
class Finished:
    """One call that has ended. `log` is what is posted of a log; None when there is nothing to tell."""

    project_id: int
    taken: Reservation
    log: dict[str, Any] | None
    requests: int
    tokens: int | None
    cost: Decimal | None
    size: int = 0


class Recorder:
    """Safe for threads; the thread starts with the first call. It is full with `most` calls that wait."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._news = threading.Condition()
        self._waiting: deque[Finished] = deque()
        self._bytes = 0
        self._thread: threading.Thread | None = None
        self._ending = False
        self._busy = False

    @property
    def full(self) -> bool:
        """Whether so much waits that no call should be made."""
        return len(self._waiting) >= self._most or self._bytes >= MOST_BYTES

    def add(self, call: Finished) -> None:
        """Never waits, never refuses."""
        with self._news:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="gateway-log", daemon=True)
                self._thread.start()
            self._waiting.append(call)
            self._bytes += call.size
            self._news.notify()

    def close(self) -> None:
        """Store what waits, at most END_SECONDS; blocks."""
        with self._news:
            self._ending = True
            self._news.notify()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(END_SECONDS)
        if self._waiting:
            log.error("%s calls could not be logged before the end: the database did not answer.", len(self._waiting))

    def wait(self, seconds: float) -> bool:
        """Whether everything was stored within so many seconds."""
        deadline = time.monotonic() + seconds
        while (self._waiting or self._busy) and time.monotonic() < deadline:
            time.sleep(0.01)
        return not (self._waiting or self._busy)

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._waiting and not self._ending:
                    self._news.wait()
                if not self._ending:
                    self._news.wait_for(lambda: self._ending, GATHER_SECONDS)
                batch = [self._waiting[at] for at in range(min(BATCH, len(self._waiting)))]
                self._busy = bool(batch)
            if not batch:
                connection.close()
                return
            self._until_stored(batch)
            with self._news:
                for call in batch:
                    self._waiting.popleft()
                    self._bytes -= call.size
                self._busy = False

    def _until_stored(self, batch: Sequence[Finished]) -> None:
        """Logs first, then what keys used: a crash in between leaves estimates, which are on the safe side."""
        self._until_done(lambda: self._log(batch))
        for change in admission.summed(map(_correction, batch)):
            self._until_done(lambda change=change: admission.settle(change))  # type: ignore[misc]

    def _log(self, batch: Sequence[Finished]) -> None:
        made = [entry for call in batch if (entry := entry_of(call)) is not None]
        try:
            if made:
                ingest.store(made)
        except (OperationalError, InterfaceError, Unavailable):
            raise
        except Exception:
            if len(batch) == 1:
                raise
            for call in batch:  # so that one that cannot be stored takes no other with it
                self._until_done(lambda call=call: self._log([call]))  # type: ignore[misc]

    @staticmethod
    def _until_done(act: Callable[[], None]) -> None:
        """Do it, again and again while the database is away."""
        pause = 0.1
        while True:
            try:
                act()
            except (OperationalError, InterfaceError, Unavailable) as exc:
                log.warning("Calls of the gateway wait to be logged: %s", str(exc).strip()[:200])
                connection.close()
                time.sleep(pause)
                pause = min(pause * 2, 2.0)
            except Exception:
                log.exception("A call of the gateway could not be logged or counted.")
                connection.close()
                return
            else:
                return


def _correction(call: Finished) -> Reservation:
    return admission.correction(call.taken, requests=call.requests, tokens=call.tokens, cost=call.cost)


def entry_of(call: Finished) -> Entry | None:
    """The checked log. One that cannot be stored as it is loses its context, or keeps its figures and loses its texts,
    and says so."""
    if call.log is None:
        return None
    try:
        return _entry(call.project_id, {**call.log, **_body(call.log)})
    except (Problem, ValueError, TypeError, RecursionError) as exc:
        detail = (exc.detail if isinstance(exc, Problem) else type(exc).__name__)[:300]
    rest = {name: value for name, value in call.log.get("metadata", {}).items() if name != "context"}
    bare = {name: value for name, value in call.log.items() if name not in (*BODY, "error", "user", "session", "tags")}
    bare["metadata"] = {**rest, "texts_left_out": detail}
    if call.log.get("error"):
        bare["error"] = "The call failed."
    with contextlib.suppress(Problem, ValueError, TypeError, RecursionError):
        return _entry(
            call.project_id, {**call.log, **_body(call.log), "metadata": {**rest, "context_left_out": detail}}
        )
    try:
        return _entry(call.project_id, bare)
    except (Problem, ValueError, TypeError):
        log.exception("A call of the gateway could not be logged.")
        return None


def _body(posted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _short(posted.get(name)) for name in BODY}


def _entry(project_id: int, posted: dict[str, Any]) -> Entry:
    known = {name: value for name, value in posted.items() if value not in (None, "", [])}
    return entries.read_entries(orjson.dumps({"logs": [known]}), project_id=project_id)[0]


def _short(value: Any) -> Any:
    """Without the bytes of pictures and sounds."""
    if isinstance(value, str):
        if len(value) > LONG and value[:5] == "data:":
            return f"{value[:40].partition(',')[0]},… ({len(value):,} characters)"
        return value
    if isinstance(value, dict):
        if isinstance(value.get("data"), str) and len(value["data"]) > LONG and "format" in value:
            return {**value, "data": f"… ({len(value['data']):,} characters)"}
        return {name: _short(inner) for name, inner in value.items()}
    return [_short(inner) for inner in value] if isinstance(value, list) else value
