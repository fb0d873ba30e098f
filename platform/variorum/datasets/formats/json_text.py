"""JSON from files, strictly: no NaN, no endless digits, bounded depth."""

import json
from typing import Any

from variorum.datasets.formats.reading import file_error
from variorum.lib.parsers import MAX_DEPTH, bounded_integer, finite, no_constant, too_deep

DECODER = json.JSONDecoder(parse_constant=no_constant, parse_int=bounded_integer, parse_float=finite)


def as_record(value: Any, line: int) -> dict[str, Any]:
    """The value as a record. Raises Invalid for one that is no object."""
    if isinstance(value, dict):
        return value
    raise file_error(
        f'Line {line} is not an object. Each row must look like {{"text": "...", ...}}.', "not_an_object", line
    )


def bad_json(line: int, exc: ValueError | RecursionError, column: int | None = None) -> Exception:
    """What json said, with the place in the file."""
    if isinstance(exc, RecursionError):
        return file_error(f"Line {line} nests deeper than {MAX_DEPTH} levels.", "too_deep", line)
    said = exc.msg if isinstance(exc, json.JSONDecodeError) else str(exc)
    place = f"Line {line}, column {column}," if column else f"Line {line}"
    return file_error(f"{place} is not JSON: {said}.", "invalid_json", line)


def check_depth(text: str, line: int) -> None:
    """Raise Invalid for a text that nests too deep."""
    if too_deep(text.encode(errors="surrogatepass")):
        raise file_error(f"Line {line} nests deeper than {MAX_DEPTH} levels.", "too_deep", line)
