"""Reads a Yjs update (version 1) that edits one plain text, and refuses everything else.

The library that applies updates is lenient about kinds of content and trusts that strings are UTF-8; what people send
is looked through here first. The format is that of Yjs 13, `src/utils/encoding.js` and `src/structs/`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

TEXT = "text"  # the name of the one shared text in a document
MOST = 2**53
GC, DELETED, STRING, SKIP = 0, 1, 4, 10


class Malformed(ValueError):
    """The bytes are not an update of a plain text."""


@dataclass(frozen=True)
class Piece:
    """Characters that a client inserted: `length` UTF-16 units from `clock` on. `text` None: deleted by now."""

    client: int
    clock: int
    length: int
    text: str | None


@dataclass
class Update:
    """What an update inserts, and what it deletes as (client, clock, length)."""

    pieces: list[Piece] = field(default_factory=list)
    deletes: list[tuple[int, int, int]] = field(default_factory=list)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise Malformed("The update ends too early.")
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if value >= MOST or shift > 70:
                raise Malformed("A number in the update is too large.")
            if byte < 0x80:
                return value

    def string(self) -> str:
        size = self.number()
        raw = self.data[self.at : self.at + size]
        if len(raw) < size:
            raise Malformed("The update ends too early.")
        self.at += size
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise Malformed("The update holds text that is not valid Unicode.") from None


def decode(data: bytes) -> Update:
    """What is in an update. Raises Malformed."""
    reader, found = _Reader(data), Update()
    for _ in range(reader.number()):
        count, client, clock = reader.number(), reader.number(), reader.number()
        for _ in range(count):
            piece = _piece(reader, client, clock)
            found.pieces.append(piece)
            clock += piece.length
    found.deletes = list(_deletes(reader))
    if reader.at != len(data):
        raise Malformed("There is something behind the update's end.")
    return found


def vector(data: bytes) -> dict[int, int]:
    """A state vector: how many units of each client are known. Raises Malformed."""
    reader = _Reader(data)
    found = {reader.number(): reader.number() for _ in range(reader.number())}
    if reader.at != len(data):
        raise Malformed("There is something behind the state vector's end.")
    return found


def _piece(reader: _Reader, client: int, clock: int) -> Piece:
    info = reader.byte()
    kind = info & 0x1F
    if kind == GC:
        return Piece(client, clock, _length(reader), None)
    if kind == SKIP:
        raise Malformed("The update has a gap.")
    _parent(reader, info)
    if kind == DELETED:
        return Piece(client, clock, _length(reader), None)
    if kind != STRING:
        raise Malformed("The update holds something else than text.")
    text = reader.string()
    if not text:
        raise Malformed("The update holds an empty piece.")
    return Piece(client, clock, units(text), text)


def _parent(reader: _Reader, info: int) -> None:
    """The neighbours of a piece; without any, the text that it belongs to is named."""
    for bit in (0x80, 0x40):
        if info & bit:
            reader.number(), reader.number()
    if info & 0xC0:
        return
    if reader.number() != 1 or reader.string() != TEXT or info & 0x20:
        raise Malformed("The update is about something else than the text.")


def _length(reader: _Reader) -> int:
    if not (length := reader.number()):
        raise Malformed("The update holds an empty piece.")
    return length


def _deletes(reader: _Reader) -> Iterator[tuple[int, int, int]]:
    for _ in range(reader.number()):
        client = reader.number()
        for _ in range(reader.number()):
            yield client, reader.number(), _length(reader)


def units(text: str) -> int:
    """How long a text is in UTF-16 units, as browsers count."""
    return len(text) + sum(letter > "\uffff" for letter in text)
