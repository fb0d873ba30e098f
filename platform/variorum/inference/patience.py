"""When a call is worth sending again by itself: our own server is being replaced, and nobody is to notice.

A chat completion has no effect on the server, so that sending it again is harmless. Other endpoints are asked once:
their caller decides.
"""

import time
from dataclasses import dataclass
from typing import Final

import httpx

from variorum.inference.shapes import LOCAL, Target

WAIT_S: Final = 20.0
BROKEN: Final = 502  # our server's word for an engine that broke off
LONGEST_PAUSE_S: Final = 1.0


@dataclass
class Patience:
    """One call's tries. Its pauses grow from 0.05 s to a second, for WAIT_S after the first break."""

    target: Target
    pause: float = 0.05
    broke_at: float | None = None
    loaded: bool = False

    def forgotten(self, answer: httpx.Response) -> bool:
        """Whether a server that loads adapters on demand may lack this one (it restarted, say): once a call."""
        again = answer.status_code == 404 and bool(self.target.driver) and not self.loaded
        self.loaded = self.loaded or again
        return again

    def after(self, what: httpx.HTTPError | httpx.Response) -> float | None:
        """Seconds to wait before the call is sent again; None when that is not for us to do."""
        if self.target.provider != LOCAL or not _is_break(what):
            return None
        self.broke_at = self.broke_at or time.monotonic()
        if time.monotonic() - self.broke_at > WAIT_S:
            return None
        self.pause = min(self.pause * 2, LONGEST_PAUSE_S)
        return self.pause / 2


def _is_break(what: httpx.HTTPError | httpx.Response) -> bool:
    """The connection was refused or cut. A time-out is an answer that took too long: asking again would double it."""
    if isinstance(what, httpx.Response):
        return what.status_code == BROKEN
    return isinstance(what, httpx.TransportError) and not isinstance(what, httpx.TimeoutException)
