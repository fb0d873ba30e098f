"""What a merge gives: text that both sides agree on, and units that a person must decide."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from variorum_client.formats.problems import Problem

Kind = Literal["setting", "message", "text", "file", "adapter"]
Lines = tuple[int, int]
_LINES = re.compile(r"^(?=[^\r\n])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one version's text and where it begins there; `start` None: not known to the character."""

    text: str
    start: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Clash:
    """A place that both sides changed differently, before it gets its number and lines.

    sides: base, ours, theirs; None where it is not there.
    """

    kind: Kind
    sides: Sequence[Span | None]
    where: str = ""
    joins: bool = False

    def text(self, side: int) -> str:
        """What stands there in base (0), ours (1) or theirs (2); nothing where it is not there."""
        span = self.sides[side]
        return span.text if span else ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A conflict: one place with its text where both began, in ours and in theirs (None: not there).

    number counts from 1 within the file. kind: setting (`where` is its key, dotted), message or text (`where` is the
    role and count of its message, such as "user 2", or empty), file or adapter (the whole of it). Lines are the first
    and last one in each version. both: the two texts one after the other where that makes sense, else None.
    """

    number: int
    kind: Kind
    where: str
    base: str | None
    ours: str | None
    theirs: str | None
    base_lines: Lines | None
    our_lines: Lines | None
    their_lines: Lines | None
    both: str | None

    def own(self, text: str) -> str:
        """A text of one's own for this place, kept apart from what follows as theirs, ours and base are.

        It gets their line ends or blank where it has fewer, and a setting without any indent gets theirs. A text
        without words stays as it is.
        """
        sides = [side for side in (self.theirs, self.ours, self.base) if side and side.strip()]
        if not text.strip() or not sides:
            return text
        if self.kind == "setting" and not _indent(text):
            text = _LINES.sub(_indent(sides[0]), text)
        return _ending(text, next(filter(None, map(_gap, sides)), ""))


Piece = str | Clash


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome for one file: agreed texts and conflicts in their order.

    problems: what is wrong with the merged text though neither side was wrong by itself: it wants a person's eye.
    gone: both sides, or one that the other did not contradict, removed the file.
    """

    pieces: tuple[str | Unit, ...]
    problems: tuple[Problem, ...] = field(default=())
    gone: bool = False

    @property
    def conflicts(self) -> list[Unit]:
        """What a person must decide; empty for a clean merge."""
        return [piece for piece in self.pieces if isinstance(piece, Unit)]

    @property
    def content(self) -> str | None:
        """The merged text; None while there are conflicts, and for a file that is gone."""
        return None if self.gone or self.conflicts else self.resolved({})

    def resolved(self, texts: Mapping[int, str | None]) -> str | None:
        """The text with each conflict replaced by what was decided for its number; None removes the file.

        Raises KeyError for a conflict without a decision.
        """
        chosen = [piece if isinstance(piece, str) else texts[piece.number] for piece in self.pieces]
        if self.gone or (self.conflicts and chosen == [None]):
            return None
        return "".join(text or "" for text in chosen)

    def taking(self, side: Literal["base", "ours", "theirs"]) -> str | None:
        """The text with one side's version of every conflict."""
        return self.resolved({unit.number: getattr(unit, side) for unit in self.conflicts})


def finish(pieces: Iterable[Piece], base: str, ours: str, theirs: str) -> Merged:
    """Number the clashes, find their lines, and join neighbouring texts."""
    found: list[str | Unit] = []
    number = 0
    for piece in pieces:
        if isinstance(piece, Clash):
            number += 1
            found.append(_unit(number, piece, base, ours, theirs))
        elif piece and found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece:
            found.append(piece)
    return Merged(tuple(found))


def _unit(number: int, clash: Clash, base: str, ours: str, theirs: str) -> Unit:
    old, mine, other = clash.sides
    return Unit(
        number=number,
        kind=clash.kind,
        where=clash.where,
        base=old.text if old else None,
        ours=mine.text if mine else None,
        theirs=other.text if other else None,
        base_lines=_lines(base, old),
        our_lines=_lines(ours, mine),
        their_lines=_lines(theirs, other),
        both=_both(clash),
    )


def _lines(source: str, side: Span | None) -> Lines | None:
    if side is None or (side.start is None and side.line is None):
        return None
    shown = side.text.strip("\n")
    first = side.line or source.count("\n", 0, side.start) + 1
    first += len(side.text) - len(side.text.lstrip("\n")) if shown else 0
    return first, first + shown.count("\n")


def _both(clash: Clash) -> str | None:
    ours, theirs = clash.text(1), clash.text(2)
    if not clash.joins or not ours.strip() or not theirs.strip():
        return None
    return one_after_other(ours, theirs)


def _gap(text: str) -> str:
    """The blanks and line ends at the end."""
    return text[len(text.rstrip(" \t\r\n")) :]


def _indent(text: str) -> str:
    """The blanks before the first line that has any words."""
    line = next(line for line in text.split("\n") if line.strip())
    return line[: len(line) - len(line.lstrip(" \t"))]


def _ending(text: str, gap: str) -> str:
    """The text with this gap at its end, unless what is there parts as much."""
    there = _gap(text)
    if there.count("\n") >= gap.count("\n") and (there or not gap):
        return text
    return text[: len(text) - len(there)] + gap


def one_after_other(one: str, other: str) -> str:
    """Two texts with a gap between them."""
    return one + ("" if one[-1:].isspace() else " ") + other


def pick(base: str | None, ours: str | None, theirs: str | None) -> tuple[bool, str | None]:
    """(whether the three agree on one text, that text): what one side alone changed, or both alike."""
    if ours in (theirs, base):
        return True, theirs
    return theirs == base, ours


def joined(pieces: Iterable[Piece], side: int) -> str:
    """The text that results when one side (0 base, 1 ours, 2 theirs) is taken at every clash."""
    return "".join(piece if isinstance(piece, str) else piece.text(side) for piece in pieces)
