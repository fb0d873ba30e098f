"""Three-way merge of a text inside YAML, sentence by sentence: blocks of lines, and texts on one line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from variorum_client.formats.merging.prose import cuts_of, merge_tokens, tokens_of
from variorum_client.formats.merging.units import Piece, Span, joined, pick
from variorum_client.formats.problems import FormatError
from variorum_client.formats.yamls import load_yaml

_BLOCK = ("|", ">")
_QUOTES = ('"', "'")


@dataclass(frozen=True, slots=True)
class Raw:
    """A text as it is written in YAML, and where it begins in its file. A block ends with its last line end."""

    text: str
    start: int


def merge_texts(sides: Sequence[Raw], where: str) -> list[Piece] | None:
    """The merged pieces of base, ours and theirs, as written in YAML; `where` is their key, dotted.

    None where the texts are not written alike, or have no sentence in common: they are better shown as one.
    """
    if all(side.text.startswith(_BLOCK) for side in sides):
        return _block(sides, where)
    if any("\n" in side.text or side.text.startswith(_BLOCK) for side in sides):
        return None
    return _line(sides, where)


def _nothing_shared(pieces: list[Piece]) -> bool:
    return not any(isinstance(piece, str) and piece.strip() for piece in pieces)


def _line(sides: Sequence[Raw], where: str) -> list[Piece] | None:
    """A text on one line: plain, or between quotes."""
    quotes = {side.text[:1] if side.text[:1] in _QUOTES else "" for side in sides}
    if len(quotes) > 1:
        return None
    (quote,) = quotes
    size = len(quote)
    tokens = [
        tokens_of(inner, cuts_of(inner), side.start + size)
        for side in sides
        for inner in [side.text[size : len(side.text) - size]]
    ]
    pieces = merge_tokens(tokens, where=lambda _span: ("setting", where))
    if _nothing_shared(pieces):
        return None
    if not quote and not all(_is_plain(joined(pieces, side)) for side in range(3)):
        return None
    return [quote, *pieces, quote]


def _is_plain(text: str) -> bool:
    """Whether a text may stand in YAML without quotes."""
    try:
        return load_yaml(f"a: {text}\n").value == {"a": text}
    except FormatError:
        return False


def _block(sides: Sequence[Raw], where: str) -> list[Piece] | None:
    """Lines behind | or >: merged without their indentation, which is put back."""
    cut = [side.text.partition("\n") for side in sides]
    agreed, head = pick(*(first for first, _, _ in cut))
    indents = {_indent(body) for _, _, body in cut}
    if not agreed or head is None or len(indents) > 1 or any(each.isdigit() for each in head.partition("#")[0]):
        return None
    (indent,) = indents
    bodies = [_Body(body, indent) for _, _, body in cut]
    starts = [side.start + len(first) + 1 for side, (first, _, _) in zip(sides, cut, strict=True)]
    tokens = [tokens_of(body.text, cuts_of(body.text)) for body in bodies]
    pieces = merge_tokens(tokens, where=lambda _span: ("setting", where))
    if _nothing_shared(pieces) or any(joined(pieces, side).lstrip("\n")[:1] in ("", " ") for side in range(3)):
        return None
    inner = _indented(pieces, indent, list(zip(bodies, starts, strict=True)))
    return None if inner is None else [f"{head}\n", *inner]


def _indent(body: str) -> int:
    line = next((line for line in body.split("\n") if line.strip()), "")
    return len(line) - len(line.lstrip(" "))


class _Body:
    """The lines of a block without their indentation, and where each stood."""

    def __init__(self, body: str, indent: int) -> None:
        lines = body.split("\n")
        cut = [line[:indent].lstrip(" ") + line[indent:] for line in lines]
        self.text = "\n".join(cut)
        self.removed = [0]
        for line, short in zip(lines, cut, strict=True):
            self.removed.append(self.removed[-1] + len(line) - len(short))

    def at(self, offset: int) -> int:
        """The place among the lines as they are written."""
        return offset + self.removed[self.text.count("\n", 0, offset) + 1]


def _indented(pieces: list[Piece], indent: int, bodies: list[tuple[_Body, int]]) -> list[Piece] | None:
    """The pieces with their indentation; None where it hangs on a decision whether what follows begins a line."""
    found: list[Piece] = []
    fresh = True
    for piece in pieces:
        if isinstance(piece, str):
            found.append(_put(piece, indent, fresh=fresh))
            fresh = piece.endswith("\n") if piece else fresh
            continue
        ends = {piece.text(side).endswith("\n") if piece.text(side) else fresh for side in range(3)}
        if len(ends) > 1:
            return None
        spans = [
            span and Span(_put(span.text, indent, fresh=fresh), body.at(span.start or 0) + start)
            for span, (body, start) in zip(piece.sides, bodies, strict=True)
        ]
        (after,) = ends
        found.append(replace(piece, sides=spans, joins=piece.joins and after == fresh))
        fresh = after
    return found if fresh else None


def _put(text: str, indent: int, *, fresh: bool) -> str:
    """Indent every line with something in it; the first one only where it begins a line."""
    first, *more = text.split("\n")
    lines = [" " * indent + line if line else line for line in more]
    return "\n".join([" " * indent + first if first and fresh else first, *lines])
