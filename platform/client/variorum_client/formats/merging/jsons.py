"""Three-way merge of JSON by key: parsed, merged, and written again in the file's own indentation."""

import json
import re
from typing import Any

from variorum_client.formats.config import find_key, parse_json
from variorum_client.formats.merging.units import Clash, Piece, Span
from variorum_client.formats.merging.values import MISSING, Given, Hole, Missing, merge_values
from variorum_client.formats.yamls import Json

_INDENT = re.compile(r"\A[{\[]\n([ \t]+)")


def merge_json(base: str, ours: str, theirs: str) -> list[Piece]:
    """The merged pieces. Raises FormatError when a side is no JSON; an empty base is nothing at all."""
    sources = (base, ours, theirs)
    values = [parse_json(source) if source.strip() else MISSING for source in sources]
    outcome = merge_values(values[0], values[1], values[2])
    if isinstance(outcome.value, Hole):
        return [Clash("file", [Span(source, 0) for source in sources])]
    indent = _indent_of(ours) if _indent_of(ours) != _indent_of(base) else _indent_of(theirs)
    mark = "@@"
    while any(mark in source for source in sources):
        mark += "@"
    text = _written(outcome.value, outcome.holes, indent, mark)
    return _filled(text, outcome.holes, sources, indent, mark)


def _indent_of(source: str) -> str | None:
    """What one level is indented by; None for JSON on one line, two spaces where there is nothing to go by."""
    found = _INDENT.match(source)
    if found:
        return found.group(1)
    return None if source.strip() and "\n" not in source.strip() else "  "


def _written(value: Any, holes: list[Hole], indent: str | None, mark: str) -> str:
    numbers = {id(hole): f"{mark}{index}{mark}" for index, hole in enumerate(holes)}
    return json.dumps(value, indent=indent, ensure_ascii=False, default=lambda hole: numbers[id(hole)]) + "\n"


def _filled(text: str, holes: list[Hole], sources: tuple[str, str, str], indent: str | None, mark: str) -> list[Piece]:
    pieces: list[Piece] = []
    for index, hole in enumerate(holes):
        before, _, text = text.partition(f'"{mark}{index}{mark}"')
        depth = len(hole.path) if indent else 0
        spans = [
            _span(source, value, hole.path, indent, depth)
            for source, value in zip(sources, (hole.base, hole.ours, hole.theirs), strict=True)
        ]
        pieces += [before, Clash("setting", spans, where=".".join(hole.path))]
    return [*pieces, text]


def _span(source: str, value: Given, path: tuple[str, ...], indent: str | None, depth: int) -> Span | None:
    if isinstance(value, Missing):
        return None
    written = _dump(value, indent)
    first, *rest = written.split("\n")
    line, _ = find_key(source, list(path))
    return Span("\n".join([first, *((indent or "") * depth + each for each in rest)]), line=line)


def _dump(value: Json, indent: str | None) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=False)
