"""Slows down guessing of passwords: a few tries a minute per address and per e-mail, counted in this process."""

import threading
import time
from collections import deque

from django.conf import settings
from django.http import HttpRequest

from variorum.lib.errors import RateLimited

WINDOW = 60.0
TRIES = 10
_seen: dict[str, deque[float]] = {}
_lock = threading.Lock()


def caller(request: HttpRequest) -> str:
    """The address that asks. Behind VARIORUM_PROXIES proxies it is what the outermost of them saw; what stands before
    that in X-Forwarded-For was written by the caller."""
    seen = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if settings.PROXIES and len(seen) >= settings.PROXIES:
        return str(seen[-settings.PROXIES]).strip()[:45]
    return str(request.META.get("REMOTE_ADDR", ""))


def spend(*names: str) -> None:
    """Count one try under each name. Raises RateLimited once a name has TRIES within WINDOW seconds."""
    now = time.monotonic()
    with _lock:
        if len(_seen) > 10_000:
            _seen.clear()
        for name in names:
            tries = _seen.setdefault(name, deque())
            while tries and tries[0] < now - WINDOW:
                tries.popleft()
            if len(tries) >= TRIES:
                wait = int(WINDOW - (now - tries[0])) + 1
                raise RateLimited(
                    f"Too many tries to sign in. Wait {wait} seconds.", headers={"Retry-After": str(wait)}
                )
            tries.append(now)


def forgive(*names: str) -> None:
    """Take one try under each name back, after a success: who has an account gets no more guesses at others."""
    with _lock:
        for name in names:
            if tries := _seen.get(name):
                tries.pop()
