"""A template cut into texts and tags, with Handlebars' rules for whitespace applied."""

import re
from dataclasses import dataclass

from variorum_client.formats.handlebars.nodes import TemplateError

_OPEN = re.compile(r"\{\{")
_COMMENT_END = re.compile(r"--~?\}\}")
_TRIPLE_END = re.compile(r"\}(~?)\}\}")
_LINE_END = re.compile(r"[ \t]*(?:\r?\n|\Z)")
_STANDALONE = re.compile(r"[!#/>^]|else(?:\s|\Z)")


@dataclass(slots=True)
class Piece:
    """Text between tags."""

    text: str
    offset: int


@dataclass(slots=True)
class Tag:
    """A tag: its body without braces and tildes, where the body begins, and where the tag begins."""

    body: str
    offset: int
    start: int
    before: bool = False
    after: bool = False
    raw: bool = False
    triple: bool = False
    indent: str = ""


Part = Piece | Tag


def tokenize(source: str) -> list[Part]:
    """Cut a template into texts and tags. Raises TemplateError at an unclosed tag."""
    parts: list[Part] = []
    index = 0
    while match := _OPEN.search(source, index):
        index = _tag(source, index, match.start(), parts)
    _text(parts, source[index:], index)
    _apply_tildes(parts)
    _drop_standalone_lines(parts)
    return parts


def _text(parts: list[Part], text: str, offset: int) -> None:
    if text:
        parts.append(Piece(text, offset))


def _tag(source: str, index: int, start: int, parts: list[Part]) -> int:
    """Append what stands from index to the end of the tag at start; return where to go on."""
    before = source[index:start]
    slashes = len(before) - len(before.rstrip("\\"))
    if slashes == 1:
        _text(parts, before[:-1] + "{{", index)
        return start + 2
    _text(parts, before[:-1] if slashes else before, index)
    if source.startswith("{{{{", start):
        return _raw_block(source, start, parts)
    tag, end = _read_tag(source, start)
    parts.append(tag)
    return end


def _read_tag(source: str, start: int) -> tuple[Tag, int]:
    inner = start + 2
    before = source.startswith("~", inner)
    inner += before
    if source.startswith("!--", inner):
        return _closed(source, start, inner, before, _COMMENT_END, 2)
    if source.startswith("{", inner):
        return _closed(source, start, inner + 1, before, _TRIPLE_END, 1)
    end = source.find("}}", inner)
    if end < 0:
        raise TemplateError(start, "unclosed_tag", "This tag is not closed: end it with }}.")
    after = end > inner and source[end - 1] == "~"
    return _make(source, start, inner, end - after, before, after), end + 2


def _closed(source: str, start: int, inner: int, before: bool, ending: re.Pattern[str], braces: int) -> tuple[Tag, int]:
    match = ending.search(source, inner)
    if match is None:
        closer = "--}}" if braces == 2 else "}}}"
        raise TemplateError(start, "unclosed_tag", f"This tag is not closed: end it with {closer}.")
    tag = _make(source, start, inner, match.start(), before, "~" in match.group())
    tag.triple = braces == 1
    return tag, match.end()


def _make(source: str, start: int, inner: int, end: int, before: bool, after: bool) -> Tag:
    body = source[inner:end]
    leading = len(body) - len(body.lstrip())
    return Tag(body.strip(), inner + leading, start, before, after)


def _raw_block(source: str, start: int, parts: list[Part]) -> int:
    end = source.find("}}}}", start + 4)
    name = source[start + 4 : end].strip() if end >= 0 else ""
    if name != "raw":
        message = "Only {{{{raw}}}} … {{{{/raw}}}} may have four braces."
        raise TemplateError(start, "unclosed_tag", message)
    close = source.find("{{{{/raw}}}}", end + 4)
    if close < 0:
        raise TemplateError(start, "unclosed_block", "This raw block is not closed: end it with {{{{/raw}}}}.")
    parts.append(Tag("#raw", start + 4, start, raw=True))
    _text(parts, source[end + 4 : close], end + 4)
    parts.append(Tag("/raw", close + 4, close, raw=True))
    return close + 12


def _apply_tildes(parts: list[Part]) -> None:
    for index, part in enumerate(parts):
        if not isinstance(part, Tag):
            continue
        if part.before and index and isinstance(previous := parts[index - 1], Piece):
            previous.text = previous.text.rstrip()
        if part.after and index + 1 < len(parts) and isinstance(following := parts[index + 1], Piece):
            kept = following.text.lstrip()
            following.offset += len(following.text) - len(kept)
            following.text = kept


def _drop_standalone_lines(parts: list[Part]) -> None:
    """A block, partial or comment alone on its line leaves no blank line. Decided before anything is cut."""
    planned = [
        (index, ending)
        for index, part in enumerate(parts)
        if isinstance(part, Tag) and _STANDALONE.match(part.body) and not part.triple
        if _starts_line(parts, index) and (ending := _ending_after(parts, index)) is not None
    ]
    for index, ending in planned:
        indent = _cut_indent(parts, index)
        tag, following = parts[index], parts[index + 1] if ending else None
        if isinstance(tag, Tag) and tag.body.startswith(">"):
            tag.indent = indent
        if isinstance(following, Piece):
            following.text, following.offset = following.text[ending:], following.offset + ending


def _starts_line(parts: list[Part], index: int) -> bool:
    for place in range(index - 1, -1, -1):
        part = parts[place]
        if isinstance(part, Tag):
            return False
        _, newline, tail = part.text.rpartition("\n")
        if tail.strip(" \t"):
            return False
        if newline:
            return True
    return True


def _ending_after(parts: list[Part], index: int) -> int | None:
    """How many characters after the tag belong to its line, or None when more than blanks follow."""
    if index + 1 == len(parts):
        return 0
    following = parts[index + 1]
    if isinstance(following, Tag):
        return None
    match = _LINE_END.match(following.text)
    if match is None or (index + 2 < len(parts) and not match.group().endswith("\n")):
        return None
    return match.end()


def _cut_indent(parts: list[Part], index: int) -> str:
    """Remove the blanks before the tag on its line and return them."""
    indent = ""
    for place in range(index - 1, -1, -1):
        part = parts[place]
        if not isinstance(part, Piece):
            break
        head, newline, tail = part.text.rpartition("\n")
        part.text, indent = head + newline, tail + indent
        if newline:
            break
    return indent
