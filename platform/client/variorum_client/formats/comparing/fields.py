"""The fields of a JSON Schema, flat, and how two versions of a field differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from variorum_client.formats.comparing.rows import shown

JsonSchema = dict[str, Any]
MAX_DEPTH = 6
RULES = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"),
    *("pattern", "format", "minItems", "maxItems", "uniqueItems", "const", "anyOf", "oneOf", "allOf", "not", "$ref"),
)
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a group of fields",
    "null": "nothing",
}
_PYTHON = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", type(None): "null"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its dotted path (items of a list are `lines[]`), its schema, whether it must be there, and whether
    the object that holds it refuses names it does not know."""

    path: str
    schema: JsonSchema
    required: bool
    closed: bool

    @property
    def types(self) -> frozenset[str]:
        """Its types without null; empty when anything goes."""
        return frozenset(self._types()) - {"null"}

    @property
    def nullable(self) -> bool:
        """Whether null is allowed by name."""
        return "null" in self._types() or None in (self.values or ())

    @property
    def values(self) -> list[Any] | None:
        """The values of an enum, None without one."""
        found = self.schema.get("enum")
        return found if isinstance(found, list) else None

    @property
    def rules(self) -> dict[str, Any]:
        """What else holds for its value."""
        return {name: self.schema[name] for name in RULES if name in self.schema}

    @property
    def about(self) -> str:
        """Its description."""
        return str(self.schema.get("description") or "")

    def _types(self) -> set[str]:
        given = self.schema.get("type")
        if isinstance(given, str):
            return {given}
        if isinstance(given, list):
            return {kind for kind in given if isinstance(kind, str)}
        return {_PYTHON.get(type(value), "object") for value in self.values or []}


def fields_of(schema: JsonSchema | None) -> dict[str, Field]:
    """Every named field by its path, inner ones too."""
    return {field.path: field for field in _walk(schema or {}, "", 0)}


def is_closed(schema: JsonSchema | None) -> bool:
    """Whether an object of this schema refuses names it does not know."""
    return (schema or {}).get("additionalProperties") is False and "patternProperties" not in (schema or {})


def type_words(field: Field) -> str:
    """Such as "text", "one of low, high", "a list of text"."""
    if field.values is not None:
        return "one of " + shown([value for value in field.values if value is not None])
    words = " or ".join(sorted(_WORDS.get(kind, kind) for kind in field.types)) or "anything"
    items = field.schema.get("items")
    if field.types == {"array"} and isinstance(items, dict) and items:
        return f"a list of {type_words(Field('', items, required=True, closed=False))}"
    return words


def rule_words(field: Field) -> str:
    """Its other rules, as they are written."""
    return ", ".join(f"{name} {shown(value)}" for name, value in field.rules.items())


def _walk(schema: JsonSchema, where: str, depth: int) -> Iterator[Field]:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or depth > MAX_DEPTH:
        return
    required = schema.get("required")
    needed = set(map(str, required)) if isinstance(required, list) else set()
    for name, inner in properties.items():
        path = f"{where}.{name}" if where else str(name)
        field = inner if isinstance(inner, dict) else {}
        yield Field(path, field, name in needed, is_closed(schema))
        yield from _walk(field, path, depth + 1)
        items = field.get("items")
        if isinstance(items, dict):
            yield from _walk(items, f"{path}[]", depth + 1)
