"""Server-sent events on their way through: whole events, unchanged but for what the caller did not ask for."""

import re
from typing import Any

from monitoring.gateway.asked import CHAT
from monitoring.gateway.plans import dump
from monitoring.gateway.secret import Veil
from monitoring.gateway.tally import Tally

MOST_EVENT = 4_000_000  # bytes of one event
_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_NO_USAGE = re.compile(rb',[ \t]*"usage"[ \t]*:[ \t]*null(?=[ \t]*[,}])')
_LINE = re.compile(rb"\r\n|\n|\r")


class TooLong(Exception):
    """An event that does not end."""


class Relay:
    """Cuts the upstream's bytes into events. Pieces of characters are never looked at apart."""

    def __init__(self, tally: Tally, veil: Veil, *, wants_usage: bool) -> None:
        self._tally, self._veil = tally, veil
        self._hide_usage = tally.endpoint == CHAT and not wants_usage
        self._left = bytearray()

    def feed(self, chunk: bytes) -> bytes:
        """The events that are whole now, as the caller gets them. Raises TooLong."""
        seen = max(0, len(self._left) - 3)  # an end may have begun in what was there
        self._left += chunk
        found: list[bytes] = []
        begin = 0
        for end in [one.end() for one in _END.finditer(self._left, seen)]:
            found.append(self._event(bytes(self._left[begin:end])))
            begin = end
        del self._left[:begin]
        if len(self._left) > MOST_EVENT:
            raise TooLong
        return b"".join(found)

    def close(self) -> bytes:
        """What is left at a clean end without a blank line: an event after all when it is [DONE]."""
        left, self._left = bytes(self._left), bytearray()
        return self._event(left + b"\n\n") if left.strip() == b"data: [DONE]" else b""

    def _event(self, raw: bytes) -> bytes:
        lines = [line[5:].removeprefix(b" ") for line in _LINE.split(raw) if line.startswith(b"data:")]
        if not lines:
            return raw  # a comment keeps the connection open
        raw = self._veil.hide(raw)
        event = self._tally.take_event(b"\n".join(lines))
        if self._hide_usage and isinstance(event, dict) and "usage" in event:
            return self._without_usage(raw, event)
        return raw

    @staticmethod
    def _without_usage(raw: bytes, event: dict[str, Any]) -> bytes:
        """A piece as it comes when usage was not asked for; the one that holds nothing else is left out."""
        if event.get("choices") == [] and event["usage"] is not None:
            return b""
        if event["usage"] is None and raw.count(b'"usage"') == 1:  # the common case: cut out, the rest as it came
            shorter, found = _NO_USAGE.subn(b"", raw)
            if found == 1:
                return shorter
        return b"data: " + dump({name: value for name, value in event.items() if name != "usage"}) + b"\n\n"
