"""Three-way merge of running text, sentence by sentence; blank lines between sentences never clash."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from variorum_client.formats.merging.sequences import Stretch, stretches
from variorum_client.formats.merging.units import Clash, Kind, Piece, Span

_PLAIN = r"[.!?…][\"')\]”’]?([ \t]+)(?=[^\s])|([ \t]*\n(?:[ \t]*\n)*)"  # begins with few characters: quick to search
_SENTENCES = re.compile(_PLAIN)
_WIDE = re.compile(r"(?<=[。！？])(?=[^\s”』」）])|" + _PLAIN)
_ENDS = re.compile(r"[。！？]")
_LINES = re.compile(r"[ \t]*\n")
Cut = tuple[int, int]
Namer = Callable[[Span], tuple[Kind, str]]  # what kind of place a span is, and how it is called


class Token(NamedTuple):
    """A sentence or a line, the blanks after it, and where it begins in its file."""

    text: str
    gap: str
    start: int

    @property
    def whole(self) -> str:
        """Text and blanks."""
        return self.text + self.gap


def cuts_of(text: str, *, lines: bool = False) -> list[Cut]:
    """Where a text may be cut: the blanks after each sentence and line, as ranges."""
    if lines:
        return [match.span() for match in _LINES.finditer(text)]
    found = (_WIDE if _ENDS.search(text) else _SENTENCES).finditer(text)
    return [match.span(match.lastindex or 0) for match in found]


def tokens_of(text: str, cuts: Iterable[Cut], shift: int = 0) -> list[Token]:
    """The text cut up; `shift` is where it begins in its file."""
    found, start = [], 0
    for begin, end in cuts:
        found.append(Token(text[start:begin], text[begin:end], start + shift))
        start = end
    if start < len(text):
        found.append(Token(text[start:], "", start + shift))
    return found


def merge_tokens(sides: Sequence[list[Token]], where: Namer) -> list[Piece]:
    """The merged pieces of base, ours and theirs."""
    found: list[Piece] = []
    for stretch in stretches(*([token.text for token in side] for side in sides)):
        found.extend(_pieces(stretch, sides, where))
    return found


def _pieces(stretch: Stretch, sides: Sequence[list[Token]], where: Namer) -> list[Piece]:
    places = (stretch.base, stretch.ours, stretch.theirs)
    old, mine, other = (side[slice(*place)] for side, place in zip(sides, places, strict=True))
    if stretch.kind == "clash" and [token.text for token in mine] != [token.text for token in other]:
        spans = [_span(*each) for each in zip((old, mine, other), sides, places, strict=True)]
        kind, name = where(next(span for span in (spans[1], spans[2], spans[0]) if span.text))
        return [Clash(kind, spans, where=name, joins=True)]
    chosen = other if stretch.kind == "theirs" else mine
    if len(old) == len(mine) == len(other):
        gaps = [gap_of(*three) for three in zip(old, mine, other, strict=True)]
        return [token.text + gap for token, gap in zip(chosen, gaps, strict=True)]
    if stretch.kind == "clash":
        return [token.text + longer(token.gap, twin.gap) for token, twin in zip(mine, other, strict=True)]
    return [token.whole for token in chosen]


def _span(tokens: list[Token], side: list[Token], place: tuple[int, int]) -> Span:
    if tokens:
        return Span("".join(token.whole for token in tokens), tokens[0].start)
    before = side[place[0] - 1] if place[0] else None
    return Span("", before.start + len(before.whole) if before else side[0].start if side else 0)


def gap_of(base: Token, ours: Token, theirs: Token) -> str:
    """The blanks after an item, merged."""
    if ours.gap in (base.gap, theirs.gap):
        return theirs.gap
    return ours.gap if theirs.gap == base.gap else longer(ours.gap, theirs.gap)


def longer(one: str, other: str) -> str:
    """The blanks that part more: more line ends, else more characters."""
    return max((one, other), key=lambda gap: (gap.count("\n"), len(gap), gap))
