"""Three-way merge of one file, by what it is."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import product

from variorum_client.formats.check import check_file
from variorum_client.formats.config import parse_config, parse_schema
from variorum_client.formats.front import split_source
from variorum_client.formats.handlebars.nodes import TemplateError
from variorum_client.formats.merging.jsons import merge_json
from variorum_client.formats.merging.mappings import Yaml, merge_yaml
from variorum_client.formats.merging.prose import cuts_of, merge_tokens, tokens_of
from variorum_client.formats.merging.templates import Body, merge_templates
from variorum_client.formats.merging.units import Clash, Kind, Merged, Piece, Span, Unit, finish, one_after_other, pick
from variorum_client.formats.paths import kind_of
from variorum_client.formats.problems import FormatError
from variorum_client.formats.prompt import parse_prompt
from variorum_client.formats.texts import decode

MAX_TRIED = 24
MAX_BYTES = 2_000_000
_split = lru_cache(maxsize=8)(split_source)  # the same three texts are cut several times in a row
_FENCE = re.compile(r"---[ \t]*\n")


def merge_file(path: str, base: str | None, ours: str | None, theirs: str | None) -> Merged:
    """Merge what two sides made of a file; None where a version does not have it. Never raises.

    Prompts merge by setting and by sentence, configs, suites and schemas by key, other texts by sentence or line.
    Any way to decide the conflicts gives a file that can be read, if the three could be. A file that both sides
    added, or one removed and the other changed, is one conflict.
    """
    merged = _merged(path, base, ours, theirs)
    return _checked(path, merged, *(side for side in (ours, theirs) if side is not None))


def _merged(path: str, base: str | None, ours: str | None, theirs: str | None) -> Merged:
    agreed, text = pick(base, ours, theirs)
    if agreed:
        return Merged((text,) if text else (), gone=text is None)
    if base is None or ours is None or theirs is None:
        return _whole(base, ours, theirs)
    return _merge(path, base, ours, theirs)


def merge_bytes(path: str, base: bytes | None, ours: bytes | None, theirs: bytes | None) -> Merged:
    """The same for files as they are stored; one conflict where a version is no text. `problems` are not looked for."""
    try:
        texts = [None if side is None else decode(path, side, limit=MAX_BYTES) for side in (base, ours, theirs)]
    except FormatError:
        return as_one(base, ours, theirs)
    return _merged(path, *texts)


def as_one(base: bytes | None, ours: bytes | None, theirs: bytes | None) -> Merged:
    """One conflict over the whole file, whatever the sides did. Bytes that are no text are shown as well as can be."""
    return _whole(*(None if side is None else side.decode("utf-8", "replace") for side in (base, ours, theirs)))


def _merge(path: str, base: str, ours: str, theirs: str) -> Merged:
    """The finest merge of which every outcome can be read."""
    sides = tuple(text if text.endswith("\n") or not text else f"{text}\n" for text in (base, ours, theirs))
    for merge in _WAYS.get(kind_of(path), (_lines,)):
        try:
            pieces = merge(path, *sides)
        except (FormatError, TemplateError, RecursionError):
            continue
        merged = finish(_ended(pieces, base, ours, theirs), base, ours, theirs)
        if _is_sound(path, merged, (base, ours, theirs)):
            return merged
    return _whole(base, ours, theirs)


def _ended(pieces: list[Piece], base: str, ours: str, theirs: str) -> list[Piece]:
    """The pieces without the last line end where the sides agree that there is none."""
    _, ended = pick(*("yes" if side.endswith("\n") else "" for side in (base, ours, theirs)))
    if not ended and pieces and isinstance(pieces[-1], str) and pieces[-1]:
        return [*pieces[:-1], pieces[-1].removesuffix("\n")]
    return pieces


def _whole(base: str | None, ours: str | None, theirs: str | None) -> Merged:
    spans = [Span(text, 0) if text is not None else None for text in (base, ours, theirs)]
    return finish([Clash("file", spans)], base or "", ours or "", theirs or "")


def _checked(path: str, merged: Merged, *sides: str) -> Merged:
    """A clean merge with the problems that neither side had by itself."""
    content = merged.content
    found = [] if content is None or content in sides else check_file(path, content.encode())
    if not found:
        return merged
    known = {(each.code, each.message) for side in sides for each in check_file(path, side.encode())}
    return Merged(merged.pieces, tuple(each for each in found if (each.code, each.message) not in known))


def _is_sound(path: str, merged: Merged, sides: tuple[str, ...]) -> bool:
    """Whether the outcomes can be read: all of them for a few conflicts, else those of one side and one exception.

    Where even a side cannot be read, nothing better is asked of the merge.
    """
    read = _READERS.get(kind_of(path))
    if read is None:
        return True
    units = merged.conflicts
    if read is _read_prompt and not units and _has_known_front(merged.content or "", sides):
        return True
    outcomes = [
        merged.resolved({unit.number: getattr(unit, side) for unit, side in zip(units, choice, strict=True)}) or ""
        for choice in _choices(len(units))
    ]
    if any(unit.both is not None for unit in units):
        outcomes.append(merged.resolved({unit.number: unit.both or unit.ours for unit in units}) or "")
        outcomes.append(merged.resolved({unit.number: _both_turned(unit) for unit in units}) or "")
    return _reads(read, path, outcomes) or not _reads(read, path, sides)


def _both_turned(unit: Unit) -> str | None:
    """`both` of the same merge with the sides swapped, so that either is sound or neither."""
    if unit.both is None or unit.ours is None or unit.theirs is None:
        return unit.theirs
    return one_after_other(unit.theirs, unit.ours)


def _has_known_front(content: str, sides: tuple[str, ...]) -> bool:
    """Whether a merged prompt has the settings of one side as they are; its template was read when it was merged."""
    front = content[: _body_start(content)]
    return any(side.startswith(front) and _body_start(side) == len(front) for side in sides)


def _reads(read: Callable[[str, str], object], path: str, texts: Iterable[str]) -> bool:
    try:
        for text in dict.fromkeys(texts):
            read(path, text)
    except FormatError:
        return False
    return True


def _choices(count: int) -> list[tuple[str, ...]]:
    if count <= 3:
        return list(product(("ours", "theirs", "base"), repeat=count))
    same = [(side,) * count for side in ("ours", "theirs", "base")]
    odd = [tuple("theirs" if at == one else "ours" for at in range(count)) for one in range(min(count, MAX_TRIED))]
    return [*same, *odd]


def _prompt(path: str, base: str, ours: str, theirs: str) -> list[Piece]:
    """Front matter by key, template by sentence."""
    return [*_front(base, ours, theirs, by_key=True), *_body(base, ours, theirs)]


def _prompt_halves(path: str, base: str, ours: str, theirs: str) -> list[Piece]:
    """Front matter as a whole, template by sentence."""
    return [*_front(base, ours, theirs, by_key=False), *_body(base, ours, theirs)]


def _front(base: str, ours: str, theirs: str, *, by_key: bool) -> list[Piece]:
    sides = (base, ours, theirs)
    parts = [_split(side) for side in sides]
    if all(part.yaml is None for part in parts):
        return []
    tops = [side[: part.start] if part.yaml is not None else None for side, part in zip(sides, parts, strict=True)]
    agreed, top = pick(*tops)
    if not agreed:
        raise FormatError([])
    texts = [part.yaml or "" for part in parts]
    starts = [part.start for part in parts]
    agreed, text = pick(*texts)
    if agreed:
        inner: list[Piece] = [text or ""]
    elif by_key:
        inner = merge_yaml([Yaml.of(*each) for each in zip(texts, starts, strict=True)], prompt=True)
    else:
        inner = [Clash("setting", [Span(*each) for each in zip(texts, starts, strict=True)])]
    return [top, *inner, "---\n"] if top is not None else inner


def _body(base: str, ours: str, theirs: str) -> list[Piece]:
    bodies = [Body(side, _body_start(side)) for side in (base, ours, theirs)]
    agreed, text = pick(*(body.text for body in bodies))
    return [text or ""] if agreed else merge_templates(*bodies)


def _body_start(source: str) -> int:
    part = _split(source)
    if part.yaml is None:
        return 0
    fence = _FENCE.match(source, part.start + len(part.yaml))
    return fence.end() if fence else len(source)


def _yaml(path: str, base: str, ours: str, theirs: str) -> list[Piece]:
    return merge_yaml([Yaml.of(side) for side in (base, ours, theirs)])


def _json(path: str, base: str, ours: str, theirs: str) -> list[Piece]:
    return merge_json(base, ours, theirs)


def _sentences(path: str, base: str, ours: str, theirs: str) -> list[Piece]:
    return _running(base, ours, theirs, lines=not path.endswith(".md"))


def _lines(path: str, base: str, ours: str, theirs: str) -> list[Piece]:
    return _running(base, ours, theirs, lines=True)


def _running(base: str, ours: str, theirs: str, *, lines: bool) -> list[Piece]:
    sides = [tokens_of(side, cuts_of(side, lines=lines)) for side in (base, ours, theirs)]
    return merge_tokens(sides, where=_anywhere)


def _anywhere(_span: Span) -> tuple[Kind, str]:
    return "text", ""


def _read_prompt(path: str, text: str) -> object:
    return parse_prompt(text, path)


def _read_yaml(path: str, text: str) -> object:
    return parse_config(text, path)


def _read_schema(path: str, text: str) -> object:
    return parse_schema(text.encode(), path)


_WAYS: dict[str, tuple[Callable[[str, str, str, str], list[Piece]], ...]] = {
    "prompt": (_prompt, _prompt_halves, _lines),
    "config": (_yaml, _lines),
    "suite": (_yaml, _lines),
    "schema": (_json,),
    "doc": (_sentences,),
}
_READERS: dict[str, Callable[[str, str], object]] = {
    "prompt": _read_prompt,
    "config": _read_yaml,
    "suite": _read_yaml,
    "schema": _read_schema,
}
