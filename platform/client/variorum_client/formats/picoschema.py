"""Picoschema, Dotprompt's short way to write a JSON Schema (google.github.io/dotprompt/reference/picoschema)."""

import re
from collections.abc import Mapping
from typing import Any

SCALARS = ("any", "boolean", "integer", "null", "number", "string")
_JSON_TYPES = (*SCALARS, "object", "array")
_FIELD = re.compile(
    r"(?P<name>[^(]*?)(?P<optional>\?)?(?:\((?P<kind>[^,)]*)(?:,\s*(?P<description>.*))?\))?", re.DOTALL
)

JsonSchema = dict[str, Any]
Where = tuple[str | int, ...]


class PicoschemaError(ValueError):
    """A schema that cannot be read; `where` is the path of keys to the fault."""

    def __init__(self, where: Where, code: str, message: str) -> None:
        self.where, self.code, self.message = where, code, message
        super().__init__(message)


def to_json_schema(schema: object, named: Mapping[str, JsonSchema] | None = None) -> JsonSchema | None:
    """The JSON Schema for what stands under `schema:`; JSON Schema itself is taken as it is.

    `named` holds schemas that may be referred to by name. Raises PicoschemaError.
    """
    if schema is None:
        return None
    if isinstance(schema, dict) and is_json_schema(schema):
        return schema if "type" in schema and schema["type"] in _JSON_TYPES else {**schema, "type": "object"}
    return _convert(schema, (), named or {})


def is_json_schema(schema: object) -> bool:
    """Whether what stands under `schema:` is JSON Schema already: it has a type, or properties."""
    if not isinstance(schema, dict):
        return False
    kind = schema.get("type")
    return (isinstance(kind, str) and kind in _JSON_TYPES) or isinstance(schema.get("properties"), dict)


def _convert(value: object, where: Where, named: Mapping[str, JsonSchema]) -> JsonSchema:
    if isinstance(value, str):
        return _scalar(value, where, named)
    if isinstance(value, dict):
        return _object(value, where, named)
    message = f"{value!r} is not a schema: write a type such as string, or a mapping of field names to types."
    raise PicoschemaError(where, "bad_schema", message)


def _scalar(text: str, where: Where, named: Mapping[str, JsonSchema]) -> JsonSchema:
    kind, _, description = text.partition(",")
    kind, description = kind.strip(), description.strip()
    if kind in named:
        base = dict(named[kind])
    elif kind in SCALARS:
        base = {} if kind == "any" else {"type": kind}
    else:
        raise PicoschemaError(where, "unknown_type", f"'{kind}' is not a type: use {', '.join(SCALARS)}.")
    return {**base, "description": description} if description else base


def _object(fields: dict[str, object], where: Where, named: Mapping[str, JsonSchema]) -> JsonSchema:
    schema: JsonSchema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    for key, value in fields.items():
        here = (*where, key)
        if key == "(*)":
            schema["additionalProperties"] = _convert(value, here, named)
            continue
        name, optional, field = _field(key, value, here, named)
        if name in schema["properties"]:
            raise PicoschemaError(here, "duplicate_field", f"The field '{name}' is declared twice: keep one.")
        schema["properties"][name] = field
        if not optional:
            schema["required"].append(name)
    if not schema["required"]:
        del schema["required"]
    return schema


def _field(key: str, value: object, where: Where, named: Mapping[str, JsonSchema]) -> tuple[str, bool, JsonSchema]:
    match = _FIELD.fullmatch(key)
    if match is None or not match["name"].strip():
        raise PicoschemaError(where, "bad_field", f"'{key}' is not a field name: write name, name? or name(array).")
    optional = match["optional"] is not None
    kind = (match["kind"] or "").strip()
    field = _typed(kind, value, optional, where, named)
    if match["description"]:
        field = {**field, "description": match["description"].strip()}
    return match["name"].strip(), optional, field


def _typed(kind: str, value: object, optional: bool, where: Where, named: Mapping[str, JsonSchema]) -> JsonSchema:
    if kind == "enum":
        return _enum(value, optional, where)
    if kind == "array":
        return {"type": ["array", "null"] if optional else "array", "items": _convert(value, where, named)}
    if kind not in ("", "object"):
        raise PicoschemaError(where, "unknown_type", f"'{kind}' cannot stand in brackets: use array, object or enum.")
    field = _convert(value, where, named)
    if optional and isinstance(field.get("type"), str):
        field = {**field, "type": [field["type"], "null"]}
    return field


def _enum(value: object, optional: bool, where: Where) -> JsonSchema:
    if not isinstance(value, list) or not value:
        raise PicoschemaError(where, "bad_schema", "An enum needs a list of values, such as [low, high].")
    values = [*value, None] if optional and None not in value else list(value)
    return {"enum": values}
