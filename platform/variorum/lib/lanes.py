"""Doors of the web process that do without Django's request cycle. The rooms above hand them down at start.

A lane answers its one hot path and asks the ordinary view (`django`) for everything else, so that there is one set
of rules.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from variorum.lib.asgi import App as App
from variorum.lib.asgi import Receive, Scope, Send


class Lane(Protocol):
    """One hot path."""

    def wants(self, scope: Scope) -> bool:
        """Whether a request is for this lane."""

    async def serve(self, scope: Scope, receive: Receive, send: Send, django: App) -> None:
        """Answer it, or have `django` answer it."""


Hearer = Callable[[dict[str, Any] | None], None]
_lanes: list[Lane] = []
_hearers: list[Hearer] = []
_closers: list[Callable[[], Awaitable[None]]] = []
_enders: list[Callable[[], None]] = []


def add(lane: Lane) -> None:
    """Put a lane into every web process; called in AppConfig.ready()."""
    _lanes.append(lane)


def find(scope: Scope) -> Lane | None:
    """The lane for a request."""
    return next((lane for lane in _lanes if lane.wants(scope)), None)


def on_news(hearer: Hearer) -> None:
    """Have every message of `events.live` told to a function on the event loop; None when some may have been missed."""
    _hearers.append(hearer)


def hear(news: dict[str, Any] | None) -> None:
    """Pass a message on."""
    for hearer in _hearers:
        hearer(news)


def on_end(ender: Callable[[], None]) -> None:
    """Have a function called on the event loop as soon as the web process is told to end; perhaps more than once."""
    _enders.append(ender)


def end() -> None:
    """The web process is told to end: it waits for open connections now."""
    for ender in _enders:
        ender()


def on_close(closer: Callable[[], Awaitable[None]]) -> None:
    """Have a function awaited when the web process ends, after its last request."""
    _closers.append(closer)


async def close() -> None:
    """End what the lanes still do."""
    for closer in _closers:
        await closer()
