"""Mustache templates (mustache.github.io/mustache.5.html) as Handlebars parts, which are nearly the same.

Sections, inverted sections and comments are written alike and drop their own lines alike. Mustache looks a name up
outside of a section's item too, Handlebars does not: that is reported. Values are never escaped for HTML here.
"""

import re

from variorum_client.importing.shapes import ImportRefused, Version
from variorum_client.importing.templates import Line, Part, comment, path_text

_TAG = re.compile(
    r"\{\{\{\s*(?P<triple>[^{}]*?)\s*\}\}\}|\{\{\s*(?P<sign>[#^/!&>=]?)\s*(?P<body>.*?)\s*\}\}", re.DOTALL
)
_NAME = re.compile(r"[^\s{}=|\[\]()\"'~]+")


def mustache_parts(text: str, version: Version, place: str) -> tuple[list[Part], list[str], list[str]]:
    """The parts of a template and the names outside and inside of its sections. Raises ImportRefused."""
    parts: list[Part] = []
    names: list[str] = []
    inner: list[str] = []
    inside: list[str] = []
    inverted: list[bool] = []
    start = 0
    for match in _TAG.finditer(text):
        parts.append(text[start : match.start()])
        start = match.end()
        sign, body = match["sign"] or "", match["triple"] if match["triple"] is not None else match["body"]
        if sign == "!":
            parts.append(Line(comment(body)))
            continue
        if sign in (">", "=") or not (body == "." or _NAME.fullmatch(body)):
            raise ImportRefused(f"{place}: `{match.group()[:60]}` has no counterpart.")
        if sign == "/" and (not inside or inside.pop() != body):
            raise ImportRefused(f"{place}: `{match.group()}` closes nothing.")
        if sign in ("#", "^"):
            inside.append(body)
        outer = len(inside) - (sign in ("#", "^"))
        if sign != "/" and not outer:
            names.append(body.split(".")[0])
        elif sign != "/" and body != ".":
            inner.append(body.split(".")[0])
            version.lose(place, f"{body} inside {inside[0]}", "is looked up in the item alone, not outside of it")
        path = "this" if body == "." else path_text(body.split("."))
        parts.append(Line("{{" + _opened(sign, path, inverted) + "}}"))
    if inside:
        raise ImportRefused(f"{place}: the section {inside[-1]!r} is not closed.")
    return [*parts, text[start:]], names, [name for name in inner if name not in names]


def _opened(sign: str, path: str, inverted: list[bool]) -> str:
    """The inside of the tag; an inverted section is `unless`, for which an empty text is nothing, as in Mustache."""
    if sign in ("#", "^"):
        inverted.append(sign == "^")
        return f"#unless {path}" if sign == "^" else f"#{path}"
    if sign == "/":
        return "/unless" if inverted.pop() else f"/{path}"
    return path
