"""Server-sent events, read as the HTML standard says: bytes in as they come, whole events out, memory bounded."""

import re
from dataclasses import dataclass

MAX_LINE_BYTES = 65_536
MAX_EVENT_CHARACTERS = 1_000_000
_MARK = b"\xef\xbb\xbf"
_END = re.compile(rb"\r\n|\n|\r")


class StreamError(ValueError):
    """A stream with a line or an event that is larger than anybody needs."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `event` is its type ("message" when none was given), `id` the last one that the stream named."""

    event: str
    data: str
    id: str = ""


class EventReader:
    """Feed it what the connection gives. `retry` is the wait in milliseconds that the stream asked for, or None.

    `lines` counts whole lines, comments too: a stream whose number stands still is dead.
    """

    def __init__(self) -> None:
        self.retry: int | None = None
        self.lines = 0
        self._rest, self._begun, self._after_return = b"", False, False
        self._id, self._event, self._size = "", "", 0
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[Event]:
        """The events that this piece completes. Raises StreamError."""
        found = [self._take(line.decode("utf-8", "replace")) for line in self._lines(piece)]
        if len(self._rest) > MAX_LINE_BYTES:
            raise StreamError("The stream sent a line without end.")
        return [event for event in found if event is not None]

    def _lines(self, piece: bytes) -> list[bytes]:
        """The whole lines so far, ended by LF, CR or CRLF, which a piece may cut; what is left waits."""
        self._rest += piece
        if not self._begun:
            if len(self._rest) < len(_MARK) and _MARK.startswith(self._rest):
                return []
            self._rest, self._begun = self._rest.removeprefix(_MARK), True
        if self._after_return and self._rest:
            self._rest, self._after_return = self._rest.removeprefix(b"\n"), False
        self._after_return = self._after_return or self._rest.endswith(b"\r")
        *lines, self._rest = _END.split(self._rest)
        self.lines += len(lines)
        return lines

    def _take(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._size += len(value) + 1
            if self._size > MAX_EVENT_CHARACTERS:
                raise StreamError("The stream sent an event without end.")
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdecimal() and len(value) < 10:
            self.retry = int(value)
        return None

    def _dispatch(self) -> Event | None:
        data, event = self._data, self._event or "message"
        self._data, self._event, self._size = [], "", 0
        return Event(event, "\n".join(data), self._id) if data else None
