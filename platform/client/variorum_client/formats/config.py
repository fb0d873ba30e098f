"""Configs: YAML files, each optionally held by a JSON Schema beside it."""

import json
import math
from typing import Any

from variorum_client.formats.problems import Problem, refuse
from variorum_client.formats.schemas import BadSchemaError, JsonSchema, check_schema, faults
from variorum_client.formats.texts import decode
from variorum_client.formats.yamls import Json, Node, load_yaml


def parse_config(text: str, path: str = "") -> Node:
    """Read a config; `.value` is its data. Raises FormatError."""
    return load_yaml(text, path)


def schema_path(path: str) -> str:
    """Where the schema of a config lives: configs/limits.yaml has configs/limits.schema.json."""
    return path.removesuffix(".yaml") + ".schema.json"


def check_config(node: Node, schema: JsonSchema, path: str = "") -> list[Problem]:
    """The faults of a config against its schema, each with its line and column."""
    return [_problem(node, path, *fault) for fault in faults(schema, node.value)]


def _problem(root: Node, path: str, where: tuple[str | int, ...], code: str, message: str) -> Problem:
    at = root.key(*where) if code == "unknown" else root.at(*where)
    if code == "type" and at.plain and isinstance(at.value, str) and at.value.lower() in ("y", "n"):
        message += " Write true or false."
    return Problem(path, at.line, at.column, f"schema_{code}", message)


def parse_schema(content: bytes, path: str = "") -> JsonSchema:
    """Read and check a JSON Schema file. Raises FormatError."""
    text = decode(path, content)
    schema = parse_json(text, path)
    try:
        check_schema(schema)
    except BadSchemaError as error:
        line, column = find_key(text, [str(part) for part in error.where])
        raise refuse(path, "bad_schema", error.message, line=line, column=column) from None
    return schema if isinstance(schema, dict) else {}


def parse_json(text: str, path: str = "") -> Json:
    """Strict JSON: no NaN, no key twice, no endless nesting. Raises FormatError."""
    try:
        value: Json = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        message = f"Invalid JSON, {error.msg}: check the comma, quote or bracket here."
        raise refuse(path, "bad_json", message, line=error.lineno, column=error.colno) from None
    except _Refused as error:
        line, column = find_key(text, [error.key], last=True)
        raise refuse(path, error.code, str(error), line=line, column=column) from None
    except (RecursionError, ValueError):
        raise refuse(path, "bad_json", "The JSON is nested too deeply or holds an endless number.") from None
    return value


class _Refused(Exception):
    def __init__(self, code: str, key: str, message: str) -> None:
        self.code, self.key = code, key
        super().__init__(message)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Refused("duplicate_key", key, f"'{key}' is set twice: keep one.")
        found[key] = value
    return found


def _no_constant(name: str) -> None:
    raise _Refused("bad_number", name, f"{name} is not a finite number.")


def _finite(digits: str) -> float:
    if math.isinf(number := float(digits)):
        raise _Refused("bad_number", digits[:40], f"{digits[:40]} is not a finite number.")
    return number


def find_key(text: str, where: list[str], *, last: bool = False) -> tuple[int, int]:
    """The place of a key in JSON text: its first (or last) spelling after those that lead to it."""
    offset = 0
    for part in where:
        quoted = json.dumps(part, ensure_ascii=False)
        found = text.rfind(quoted) if last else text.find(quoted, offset)
        offset = found if found >= 0 else offset
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
