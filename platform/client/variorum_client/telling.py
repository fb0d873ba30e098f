"""Warnings for the app's log: one line for each sort of trouble and minute, however often it comes."""

import logging
import threading
import time

log = logging.getLogger("variorum")
QUIET_SECONDS = 60.0


class Teller:
    """Says a thing at once, then not again for a minute; the next line says how many were left out."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def warn(self, sort: str, message: str, *values: object) -> None:
        """Warn, unless this sort was told within the last minute. `message` is %-style."""
        with self._lock:
            now = time.monotonic()
            last, left_out = self._said.get(sort, (None, 0))
            if last is not None and now - last < QUIET_SECONDS:
                self._said[sort] = (last, left_out + 1)
                return
            self._said[sort] = (now, 0)
        text = message % values
        log.warning("%s (%d more of this sort before)" if left_out else "%s", text, *([left_out] if left_out else []))

    def after_fork(self) -> None:
        """In a forked child: a lock that nobody holds."""
        self._lock = threading.Lock()
