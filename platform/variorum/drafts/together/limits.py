"""How often a person's pages may send something: a bucket per person, in this process."""

import threading
import time

from variorum.lib.errors import RateLimited

RATE = 60.0  # a second, lasting
BURST = 300.0
_left: dict[int, tuple[float, float]] = {}
_lock = threading.Lock()


def spend(user_id: int) -> None:
    """Count one request. Raises RateLimited."""
    now = time.monotonic()
    with _lock:
        if len(_left) > 10_000:
            _left.clear()
        left, then = _left.get(user_id, (BURST, now))
        left = min(BURST, left + (now - then) * RATE)
        _left[user_id] = (max(left - 1, 0), now)
    if left < 1:
        raise RateLimited("Too many edits at once. Wait a second.", headers={"Retry-After": "1"})
