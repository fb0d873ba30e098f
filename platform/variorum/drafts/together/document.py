"""One shared text as a CRDT document: reading, editing and merging it. Knows no database."""

import difflib
import itertools
import re
import secrets
from collections.abc import Iterator

from pycrdt import Doc, Text

from variorum.drafts.together import wire

FEW = 20_000  # letters up to which a changed passage is compared word by word
WORDS = re.compile(r"\w+|\s+|.", re.DOTALL)


class Document:
    """A document that holds one text. `client` is who its own edits are from; a fresh one each time when left out."""

    def __init__(self, *updates: bytes, client: int | None = None) -> None:
        self.client = client or new_client()
        self._doc: Doc[Text] = Doc(client_id=self.client)
        self._text = self._doc.get(wire.TEXT, type=Text)
        for update in updates:
            self.apply(update)

    @property
    def text(self) -> str:
        """The text as it is."""
        return str(self._text)

    @property
    def vector(self) -> bytes:
        """The state vector."""
        return self._doc.get_state()

    @property
    def clocks(self) -> dict[int, int]:
        """The state vector, read."""
        return wire.vector(self.vector)

    def state(self, since: bytes | None = None) -> bytes:
        """Everything as one update, or what a document at the state vector `since` lacks. Raises Malformed."""
        if since is None:
            return self._doc.get_update()
        wire.vector(since)
        return self._doc.get_update(since)

    def deletes(self) -> list[tuple[int, int, int]]:
        """Everything that was deleted, as (client, clock, length)."""
        return wire.decode(self._doc.get_update(self.vector)).deletes

    def apply(self, update: bytes) -> None:
        """Take an update in. Raises Malformed."""
        try:
            self._doc.apply_update(update)
        except ValueError as error:
            raise wire.Malformed(str(error)) from None

    def become(self, wanted: str) -> bytes:
        """Edit the text until it is `wanted`, changing as few words as possible; gives the update."""
        return self.splice(*edits(self.text, wanted))

    def splice(self, *changes: tuple[int, int, str]) -> bytes:
        """Replace passages, given as (start, end, replacement) in ascending order; gives the update."""
        before, now = self.vector, self.text
        with self._doc.transaction():
            for start, end, insert in reversed(changes):
                offset, size = len(now[:start].encode()), len(now[start:end].encode())
                if size:
                    del self._text[offset : offset + size]
                if insert:
                    self._text.insert(offset, insert)
        return self._doc.get_update(before)


def new_client() -> int:
    """An id for a client of a document, 32 bits as in Yjs."""
    return secrets.randbits(32) or 1


def plain(text: str) -> str:
    """The text with line ends as editors keep them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def edits(old: str, new: str) -> Iterator[tuple[int, int, str]]:
    """What turns `old` into `new`: (start, end, replacement) in ascending order; by lines, within them by words."""
    lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for before, start, after in _changes(*lines):
        if len(before) + len(after) > FEW:
            yield start, start + len(before), after
            continue
        words = WORDS.findall(before), WORDS.findall(after)
        for removed, offset, added in _changes(*words):
            yield start + offset, start + offset + len(removed), added


def _changes(old: list[str], new: list[str]) -> Iterator[tuple[str, int, str]]:
    """Differing runs as (old text, where it starts, new text). Equal ends are set aside first: it is quadratic."""
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    start = len("".join(old[:head]))
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    starts = list(itertools.accumulate(map(len, old), initial=start))
    for tag, i, j, k, m in difflib.SequenceMatcher(None, old, new).get_opcodes():
        if tag != "equal":
            yield "".join(old[i:j]), starts[i], "".join(new[k:m])


def _alike(one: list[str], other: list[str]) -> int:
    """How many parts the two have in common at their beginning."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
