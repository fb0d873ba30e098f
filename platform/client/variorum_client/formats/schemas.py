"""JSON Schema: checked before use, applied without the network, its faults told in plain words."""

import difflib
import re
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import validator_for
from referencing.exceptions import Unresolvable

from variorum_client.formats.bounded import BudgetError, bare, errors_of, open_repeats

JsonSchema = dict[str, Any]
Where = tuple[str | int, ...]
MAX_PATTERN = 200
MAX_OPEN_REPEATS = 3
MAX_PARTS = 5_000
_DATA = frozenset({"const", "enum", "default", "examples"})
_REPEAT = r"(?:[*+]|\{\d*,\d*\})"
_NESTED_REPEAT = re.compile(rf"(?:{_REPEAT}[^()]*|\|[^()]*|\){_REPEAT}?[^()]*)\){_REPEAT}")


class BadSchemaError(ValueError):
    """A JSON Schema that cannot be used; `where` leads to the fault."""

    def __init__(self, where: Where, message: str) -> None:
        self.where, self.message = where, message
        super().__init__(message)


def check_schema(schema: object) -> None:
    """Refuse what is no JSON Schema, what refers outside itself, and patterns that can take for ever.

    Raises BadSchemaError.
    """
    if not isinstance(schema, dict):
        raise BadSchemaError((), 'A JSON Schema is an object: write {"type": "object", …}.')
    try:
        _check_parts(schema, (), [0])
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        raise BadSchemaError(tuple(error.absolute_path), f"Not a JSON Schema: {short(error.message)}.") from None
    except (RecursionError, re.error, Unresolvable, OverflowError):
        raise BadSchemaError((), "The JSON Schema is nested too deeply or refers to itself without end.") from None


def _check_parts(value: object, where: Where, count: list[int]) -> None:
    count[0] += 1
    if count[0] > MAX_PARTS:
        raise BadSchemaError(where, f"The JSON Schema has more than {MAX_PARTS:,} parts: use a smaller one.")
    if isinstance(value, list):
        for index, item in enumerate(value):
            _check_parts(item, (*where, index), count)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        here = (*where, key)
        _check_keyword(str(key), item, here)
        if key not in _DATA:
            _check_parts(item, here, count)


def _check_keyword(key: str, value: object, where: Where) -> None:
    if key in ("$ref", "$dynamicRef") and isinstance(value, str) and not value.startswith("#"):
        raise BadSchemaError(where, "A schema may refer only to itself: copy the other schema into $defs.")
    if key == "pattern" and isinstance(value, str):
        _check_pattern(value, where)
    if key == "patternProperties" and isinstance(value, dict):
        for pattern in value:
            _check_pattern(str(pattern), (*where, pattern))


def _check_pattern(pattern: str, where: Where) -> None:
    if len(pattern) > MAX_PATTERN:
        raise BadSchemaError(where, f"The pattern is longer than {MAX_PATTERN} characters: use a simpler one.")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        raise BadSchemaError(where, "The pattern is not a regular expression.") from None
    if _NESTED_REPEAT.search(bare(pattern)) or open_repeats(pattern) > MAX_OPEN_REPEATS:
        raise BadSchemaError(where, "The pattern repeats a repetition and could take for ever: use a simpler one.")


def faults(schema: JsonSchema, value: object, *, limit: int = 20) -> list[tuple[Where, str, str]]:
    """What is wrong with a value: (path, code, message), at most `limit`. The schema must have been checked."""
    try:
        return list(islice(chain.from_iterable(map(_explain, errors_of(schema, value))), limit))
    except BudgetError:
        return [((), "schema_fault", "The schema takes too long to apply: use fewer references, or a smaller value.")]
    except (RecursionError, Unresolvable, re.error, OverflowError):
        return [((), "schema_fault", "The schema cannot be applied: it refers to itself without end or to nothing.")]


def _explain(error: ValidationError) -> Iterator[tuple[Where, str, str]]:
    where = tuple(error.absolute_path)
    expect: Any = error.validator_value
    instance: Any = error.instance
    schema: Any = error.schema
    match error.validator:
        case "additionalProperties" if expect is False:
            known = list(schema.get("properties", {}))
            for name in instance:
                if name not in known:
                    yield (
                        (*where, str(name)),
                        "unknown",
                        f"{say((*where, str(name)))} is not in the schema{suggest(str(name), known)}.",
                    )
        case "required":
            yield from (
                ((*where, name), "missing", f"{say((*where, name))} is required and missing.")
                for name in expect
                if name not in instance
            )
        case "type":
            yield where, "type", f"{say(where)} must be {_types(expect)}, not {describe(instance)}."
        case "enum":
            yield where, "enum", f"{say(where)} must be one of {short(', '.join(map(repr, expect)))}."
        case _:
            yield where, str(error.validator), f"{say(where)}: {short(error.message)}."


def say(where: Where) -> str:
    """A path for people: limits.rates[0]."""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"'{text}'" if text else "The value"


def suggest(name: str, known: list[str]) -> str:
    """A near name that is known, else the names there are, as the end of a sentence."""
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"; perhaps '{near[0]}' is meant"
    return f"; there are {short(', '.join(known))}" if known else ""


def describe(value: object) -> str:
    """A value for a message: its kind, and the value when it is short and harmless."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {short(str(value), 30)}"
    if isinstance(value, str):
        return f"the text {short(repr(value), 40)}"
    return (
        "a list"
        if isinstance(value, list | tuple)
        else "an object"
        if isinstance(value, dict)
        else type(value).__name__
    )


def _types(expect: object) -> str:
    kinds = expect if isinstance(expect, list) else [expect]
    names = {"string": "text", "null": "nothing", "array": "a list", "object": "an object", "integer": "a whole number"}
    names |= {"number": "a number", "boolean": "true or false"}
    return " or ".join(names.get(str(kind), str(kind)) for kind in kinds)


def short(text: str, limit: int = 160) -> str:
    """The text in one line, cut when it is long."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


Check = Callable[[dict[str, Any]], bool]
_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


def quick_check(schema: JsonSchema) -> Check | None:
    """A fast test that says yes only where `faults` finds none, for flat schemas of plain types; else None.

    A no means: ask `faults`, which also knows what to say.
    """
    if not set(schema) <= {"type", "properties", "required", "additionalProperties", "description"}:
        return None
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        return None
    kinds = {name: _plain_types(field) for name, field in schema.get("properties", {}).items()}
    if any(kind is None for kind in kinds.values()):
        return None
    required = frozenset(schema.get("required", ()))
    known = {name: frozenset(kind) for name, kind in kinds.items() if kind is not None}

    def check(value: dict[str, Any]) -> bool:
        if not required <= value.keys():
            return False
        return all(name in known and type(item) in known[name] for name, item in value.items())

    return check


def _plain_types(field: object) -> tuple[type, ...] | None:
    if not isinstance(field, dict) or not set(field) <= {"type", "description"}:
        return None
    given = field.get("type")
    names: list[Any] = given if isinstance(given, list) else [given]
    if not all(isinstance(name, str) and name in _PYTHON for name in names):
        return None
    return tuple(kind for name in names for kind in _PYTHON[name])
