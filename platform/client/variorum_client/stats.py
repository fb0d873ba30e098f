"""Counters of one client."""

import threading
from dataclasses import dataclass, replace
from typing import Literal

Origin = Literal["", "server", "disk", "fallback"]


@dataclass(slots=True)
class Stats:
    """What happened so far. `origin` says where the bundle in use came from; ages are in seconds, None for never."""

    origin: Origin = ""
    commit: str | None = None
    hash: str | None = None
    fetches: int = 0
    not_modified: int = 0
    updates: int = 0
    failures: int = 0
    last_error: str | None = None
    seconds_since_success: float | None = None
    disk_failures: int = 0
    streaming: bool = False
    stream_opened: int = 0
    stream_events: int = 0
    stream_failures: int = 0
    last_stream_error: str | None = None
    logs_queued: int = 0
    logs_sent: int = 0
    logs_duplicate: int = 0
    logs_dropped: int = 0
    logs_rejected: int = 0
    log_failures: int = 0
    last_log_error: str | None = None


class Counter:
    """Stats behind a lock that the same thread may take twice (a signal handler may count too)."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._stats = Stats()

    def add(self, **more: int) -> None:
        """Add to counters by name."""
        with self._lock:
            for name, amount in more.items():
                setattr(self._stats, name, getattr(self._stats, name) + amount)

    def put(self, **values: object) -> None:
        """Set fields by name."""
        with self._lock:
            for name, value in values.items():
                setattr(self._stats, name, value)

    def copy(self) -> Stats:
        """The counters as they are now."""
        with self._lock:
            return replace(self._stats)

    def after_fork(self) -> None:
        """In a forked child: a lock that nobody holds."""
        self._lock = threading.RLock()
