"""Logs on their way to the server: queued at once, sent in batches by a thread, never in the caller's way."""

import json
import math
import random
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from variorum_client.connection import Connection, path_of, refusal
from variorum_client.errors import ApiError
from variorum_client.stats import Counter
from variorum_client.telling import Teller
from variorum_client.threads import started

CAPACITY = 10_000
MAX_QUEUED_BYTES = 64_000_000
MAX_LOG_BYTES = 2_000_000
BATCH = 200
BATCH_BYTES = 2_000_000
LINGER_SECONDS = 0.5
MAX_BACKOFF = 30.0
_PLACE = re.compile(r"logs\.([0-9]{1,6})\b")
_REFUSED = frozenset({400, 413, 422})  # it is the content: sending it again would not help


class LogSender:
    """A bounded queue and the thread that empties it. What does not fit is dropped and counted."""

    def __init__(self, connection: Connection, counter: Counter) -> None:
        self._connection, self._counter = connection, counter
        self._teller = Teller()
        self._renew()

    def _renew(self) -> None:
        self._lock = threading.RLock()  # re-entrant: a signal handler or a finaliser may log within log()
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._unsent = 0
        self._wake, self._hurry, self._stop = threading.Event(), threading.Event(), threading.Event()
        self._idle = threading.Condition()
        self._thread: threading.Thread | None = None
        self._failures = 0

    def after_fork(self) -> None:
        """In a forked child: an empty queue, because the parent sends its own."""
        self._connection.forget()
        self._teller.after_fork()
        self._renew()
        self._counter.put(logs_queued=0)

    def add(self, make: Callable[[], dict[str, Any]], lean: Callable[[], dict[str, Any]] | None = None) -> bool:
        """Queue the log that `make` makes, the one that `lean` makes where that cannot be sent; False when it was
        dropped. Never blocks, never raises."""
        item = encoded(make) or (encoded(lean) if lean else None)
        with self._lock:
            full = len(self._queue) >= CAPACITY or self._bytes + len(item or b"") > MAX_QUEUED_BYTES
            if item is None or full or self._stop.is_set():
                self._counter.add(logs_dropped=1)
                return False
            self._queue.append(item)
            self._bytes += len(item)
            self._unsent += 1
            many = len(self._queue) >= BATCH
            if self._thread is None:  # still None when no thread is to be had: the next log tries again
                self._thread = started(self._run, "variorum-logs")
        self._counter.put(logs_queued=self._unsent)
        if not self._wake.is_set():
            self._wake.set()
        if many and not self._hurry.is_set():
            self._hurry.set()
        return True

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._hurry.wait(LINGER_SECONDS)
            self._wake.clear()
            self._hurry.clear()
            while batch := self._next_batch():
                self._deliver(batch)
        self._connection.close()

    def _next_batch(self) -> list[bytes]:
        batch, size = list[bytes](), 0
        with self._lock:
            while self._queue and len(batch) < BATCH and (not batch or size + len(self._queue[0]) <= BATCH_BYTES):
                item = self._queue.popleft()
                size += len(item)
                self._bytes -= len(item)
                batch.append(item)
        return batch

    def _deliver(self, batch: list[bytes]) -> None:
        """Send a batch until it is accepted, refused for good, or the sender is stopped.

        Of a refused batch what the server blames is given up and the rest is sent; if it blames none, halves are.
        """
        while True:
            outcome = self._try(batch)
            if isinstance(outcome, float):
                if not self._stop.wait(outcome):
                    continue
                self._done(batch, logs_dropped=len(batch))
            elif outcome is not None:
                self._part(batch, outcome)
            return

    def _part(self, batch: list[bytes], blamed: set[int]) -> None:
        guilty = [item for index, item in enumerate(batch) if index in blamed or len(batch) == 1]
        if guilty:
            self._done(guilty, logs_rejected=len(guilty))
            rest = [[item for index, item in enumerate(batch) if index not in blamed]] if len(batch) > 1 else []
        else:
            rest = [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
        for part in filter(None, rest):
            self._deliver(part)

    def _try(self, batch: list[bytes]) -> set[int] | float | None:
        """One attempt: None is accepted, a set is refused and whom the server blames, a number is seconds to wait."""
        asked, blamed = 0.0, set[int]()
        try:
            answer = self._connection.request("POST", path_of("logs"), body=b'{"logs":[' + b",".join(batch) + b"]}")
            said = answer.json()
            if answer.status in (200, 202) and isinstance(said, dict) and "accepted" in said:
                self._accepted(batch, said)
                return None
            error, asked, blamed = refusal(answer), answer.retry_after, _blamed(said)
        except ApiError as caught:
            error = caught
        except Exception as caught:  # noqa: BLE001  (the thread must outlive any fault, else logs pile up unseen)
            error = ApiError(0, "unexpected", f"Unexpected {type(caught).__name__}.")
        self._note(error)
        if error.status in _REFUSED:
            return blamed
        self._failures += 1
        backoff = min(0.25 * 2.0 ** min(self._failures - 1, 10), MAX_BACKOFF)
        return max(asked, backoff * random.uniform(0.7, 1.3))  # noqa: S311  (only spreads the load)

    def _accepted(self, batch: list[bytes], said: dict[str, Any]) -> None:
        duplicates = said.get("duplicates")
        known = duplicates if type(duplicates) is int else 0
        self._failures = 0
        self._done(batch, logs_sent=len(batch), logs_duplicate=known)

    def _note(self, error: ApiError) -> None:
        self._counter.add(log_failures=1)
        self._counter.put(last_log_error=str(error))
        self._teller.warn("logs", "Logs could not be sent: %s", error)

    def _done(self, batch: list[bytes], **counts: int) -> None:
        self._counter.add(**counts)
        with self._lock:
            self._unsent -= len(batch)
            self._counter.put(logs_queued=self._unsent)
        with self._idle:
            self._idle.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until everything queued was sent or given up; False when that took longer."""
        deadline = time.monotonic() + timeout
        self._hurry.set()
        with self._idle:
            while self._unsent and (left := deadline - time.monotonic()) > 0:
                self._idle.wait(min(left, 0.1))
                self._hurry.set()
        return not self._unsent

    def close(self, timeout: float) -> bool:
        """Flush, then stop; what could not be sent in time is dropped and counted."""
        flushed = self.flush(timeout) if self._thread else True
        self._stop.set()
        self._wake.set()
        self._hurry.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(1.0)
        with self._lock:
            left, self._queue = list(self._queue), deque()
        if left:
            self._done(left, logs_dropped=len(left))
        return flushed


def _blamed(said: Any) -> set[int]:
    """The positions that a problem's errors name, as in {"where": "logs.3.cost"}."""
    errors = said.get("errors") if isinstance(said, dict) else None
    places = [item.get("where") for item in errors or [] if isinstance(item, dict)]
    found = [_PLACE.match(place) for place in places if isinstance(place, str)]
    return {int(match[1]) for match in found if match}


def encoded(make: Callable[[], dict[str, Any]]) -> bytes | None:
    """JSON bytes of a log, or None for what is no JSON or too large; unusual values are written as text."""
    try:
        entry = make()
        try:
            text = _dumps(entry)
        except ValueError:
            text = _dumps(_clean(entry))
        if "\\u0000" in text:
            text = _dumps(_clean(entry))
    except Exception:  # noqa: BLE001  (a wrong argument, or a value's own __str__, must never break the app)
        return None
    body = text.encode("utf-8", "replace")
    return body if len(body) <= MAX_LOG_BYTES else None


def _dumps(entry: object) -> str:
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str)


def _clean(value: Any) -> Any:
    """A copy without what no database stores: NUL characters, and numbers that are not finite."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key).replace("\x00", "\ufffd"): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
