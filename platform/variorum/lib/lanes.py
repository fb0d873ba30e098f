"""Doors of the web process that do without Django's request cycle. The rooms above hand them down at start.

A lane answers its one hot path and asks the ordinary view (`django`) for everything else, so that there is one set
of rules.
"""

from typing import Protocol

from variorum.lib.asgi import App as App
from variorum.lib.asgi import Receive, Scope, Send


class Lane(Protocol):
    """One hot path."""

    def wants(self, scope: Scope) -> bool:
        """Whether a request is for this lane."""

    async def serve(self, scope: Scope, receive: Receive, send: Send, django: App) -> None:
        """Answer it, or have `django` answer it."""


_lanes: list[Lane] = []


def add(lane: Lane) -> None:
    """Put a lane into every web process; called in AppConfig.ready()."""
    _lanes.append(lane)


def find(scope: Scope) -> Lane | None:
    """The lane for a request."""
    return next((lane for lane in _lanes if lane.wants(scope)), None)
