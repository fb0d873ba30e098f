"""Three-way merge of a prompt's template. Blocks are never torn: what does not hold together is one conflict."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from variorum_client.formats.handlebars.compile import Template
from variorum_client.formats.handlebars.nodes import TemplateError
from variorum_client.formats.handlebars.parse import parse_template
from variorum_client.formats.handlebars.tokens import Tag, tokenize
from variorum_client.formats.merging.prose import Cut, cuts_of, merge_tokens, tokens_of
from variorum_client.formats.merging.units import Clash, Kind, Piece, Span, joined
from variorum_client.formats.sections import SourceMessage, source_messages


@dataclass(frozen=True)
class Body:
    """A version's template: the part of its source that begins at `start`."""

    source: str
    start: int

    @cached_property
    def text(self) -> str:
        """The template."""
        return self.source[self.start :]

    @cached_property
    def messages(self) -> list[SourceMessage]:
        """The messages of the source."""
        return source_messages(self.source)


def merge_templates(base: Body, ours: Body, theirs: Body) -> list[Piece]:
    """By sentence where that holds together, else by line with whole blocks, else the template as a whole."""
    for cut in (_fine, _coarse):
        try:
            sides = [tokens_of(body.text, cut(body.text), body.start) for body in (base, ours, theirs)]
        except TemplateError:
            break
        pieces = merge_tokens(sides, where=_namer(base, ours, theirs))
        if _sound(pieces):
            return pieces
    return _whole(base, ours, theirs)


def _fine(text: str) -> list[Cut]:
    kept = _kept(text)
    starts = [start for start, _ in kept]
    found = []
    for cut in cuts_of(text):
        before = bisect_left(starts, cut[1])
        if not before or kept[before - 1][1] <= cut[1]:
            found.append(cut)
    return found


def _coarse(text: str) -> list[Cut]:
    """Line ends outside of blocks."""
    steps = [(tag.start, step) for tag in _tags(text) if (step := _step(tag))]
    found, depth, index = [], 0, 0
    for cut in _fine(text):
        while index < len(steps) and steps[index][0] < cut[1]:
            depth, index = depth + steps[index][1], index + 1
        if depth == 0 and "\n" in text[slice(*cut)]:
            found.append(cut)
    return found


def _step(tag: Tag) -> int:
    """1 for a tag that opens a block, -1 for one that closes it."""
    if tag.triple or tag.body == "^":
        return 0
    return {"#": 1, "^": 1, "/": -1}.get(tag.body[:1], 0)


def _kept(text: str) -> list[Cut]:
    """Ranges that stay in one piece: every tag, and raw blocks with what is in them."""
    found: list[Cut] = []
    for tag in _tags(text):
        if tag.raw and tag.body == "/raw":
            found[-1] = (found[-1][0], tag.start + 12)
        else:
            found.append((tag.start, text.find("}}", tag.offset + len(tag.body)) + 2))
    return found


def _tags(text: str) -> list[Tag]:
    return [part for part in tokenize(text) if isinstance(part, Tag)]


def _sound(pieces: list[Piece]) -> bool:
    """Whether every way to decide the clashes gives a template that can be read."""
    clashes = [piece for piece in pieces if isinstance(piece, Clash)]
    try:
        for side in range(3) if clashes else (1,):
            Template(joined(pieces, side))
        for text in [clash.text(side) for clash in clashes for side in range(3)]:
            parse_template(text)
    except (TemplateError, RecursionError):
        return False
    return True


def _whole(base: Body, ours: Body, theirs: Body) -> list[Piece]:
    spans = [Span(body.text, body.start) for body in (base, ours, theirs)]
    return [Clash("text", spans)]


def _namer(base: Body, ours: Body, theirs: Body) -> Callable[[Span], tuple[Kind, str]]:
    versions = (ours, theirs, base)

    def where(span: Span) -> tuple[Kind, str]:
        for body in versions:
            at = (span.start or 0) - body.start
            if span.text and body.text.startswith(span.text, at):
                return _place(body.messages, span)
        return "text", ""

    return where


def _place(messages: list[SourceMessage], span: Span) -> tuple[Kind, str]:
    """A whole message, or the message within which the text stands: "user 2"."""
    start = span.start or 0
    for message in messages:
        if message.start <= start < message.end or (start <= message.start and span.text.strip()):
            twins = [one for one in messages if one.role == message.role]
            kind: Kind = "message" if start <= message.start and start + len(span.text) >= message.end else "text"
            return kind, f"{message.role} {twins.index(message) + 1}"
    return "text", ""
