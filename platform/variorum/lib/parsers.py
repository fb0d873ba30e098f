"""The JSON parser of every API view: bounded, strict, and never the cause of a 500."""

import codecs
import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.parsers import BaseParser

from variorum.lib.errors import Invalid, TooLarge

MAX_DEPTH = 100
# A string that does not end is read to the end: trying again at each quote inside it would be quadratic.
_STRUCTURE = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{\]}]', re.DOTALL)


def too_deep(body: bytes, limit: int = MAX_DEPTH) -> bool:
    """Whether brackets outside of strings nest deeper than `limit`. Linear in the body, no recursion."""
    if body.count(b"[") + body.count(b"{") <= limit:
        return False
    depth = 0
    for match in _STRUCTURE.finditer(body):
        token = match.group()
        if token in (b"[", b"{"):
            depth += 1
            if depth > limit:
                return True
        elif token in (b"]", b"}"):
            depth -= 1
    return False


def no_constant(name: str) -> NoReturn:
    """For json's `parse_constant`: NaN and Infinity are no JSON."""
    raise ValueError(f"{name} is not JSON")


def bounded_integer(digits: str) -> int:
    """For json's `parse_int`: long digits cost quadratic time."""
    if len(digits) > 40:
        raise ValueError("a whole number has more than 40 digits")
    return int(digits)


def finite(digits: str) -> float:
    """For json's `parse_float`: 1e400 would become Infinity, which is no JSON to whoever gets it next."""
    if math.isinf(number := float(digits)):
        raise ValueError(f"{digits[:40]} is larger than a number can be")
    return number


def parse_json(
    body: bytes, *, check_texts: bool = True, check_numbers: bool = True, max_depth: int | None = MAX_DEPTH
) -> Any:
    """Parse a request body. Raises Invalid naming line and column: bad UTF-8, syntax, depth, NaN, 1e400, NUL, lone
    surrogates.

    Without `check_texts` the caller looks for NUL and lone surrogates, where it can say which field holds them; without
    `check_numbers` 1e400 is read as infinity; without `max_depth` it bounds the depth of what it keeps (nothing deeper
    than Python's recursion limit gets here).
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise Invalid(f"The body is not UTF-8: byte {exc.start} cannot be read.", code="invalid_utf8") from None
    if text.startswith(codecs.BOM_UTF8.decode()):
        text = text[1:]
    if max_depth is not None and too_deep(body, max_depth):
        raise Invalid(f"The JSON nests deeper than {max_depth} levels.", code="too_deep")
    number = finite if check_numbers else float
    try:
        value = json.loads(text, parse_constant=no_constant, parse_int=bounded_integer, parse_float=number)
    except json.JSONDecodeError as exc:
        where = f"line {exc.lineno}, column {exc.colno}"
        raise Invalid(f"The body is not JSON: {exc.msg} at {where}.", code="invalid_json") from None
    except (ValueError, RecursionError) as exc:
        raise Invalid(f"The body is not JSON: {exc}.", code="invalid_json") from None
    if check_texts and "\\u" in text and unstorable(value):
        raise Invalid(
            "A text in the body holds a NUL or half a surrogate pair, which cannot be stored.", code="invalid_text"
        )
    return value


def unstorable(value: Any) -> bool:
    """Whether any text in it holds U+0000 or a lone surrogate (depth is bounded before)."""
    if isinstance(value, str):
        return "\x00" in value or any("\ud800" <= ch <= "\udfff" for ch in value)
    if isinstance(value, dict):
        return any(unstorable(k) or unstorable(v) for k, v in value.items())
    return isinstance(value, list) and any(unstorable(item) for item in value)


class RawJSONParser(BaseParser):
    """`application/json` as bytes, for views that parse by hand; 413 above settings.DATA_UPLOAD_MAX_MEMORY_SIZE."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        try:
            body = stream.read(limit + 1)
        except RequestDataTooBig:
            body = b" " * (limit + 1)
        if len(body) > limit:
            raise TooLarge(f"The body is larger than {limit // 1_000_000} MB. Send less at once.")
        return body


class StrictJSONParser(RawJSONParser):
    """`application/json` through `parse_json`, with the same limit; an empty body is an empty object."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = super().parse(stream, media_type, parser_context)
        return parse_json(body) if body.strip() else {}
