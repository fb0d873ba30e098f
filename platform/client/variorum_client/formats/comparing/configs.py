"""Two versions of a config, a suite, or a JSON Schema beside a config."""

from collections.abc import Iterator
from typing import Any

from variorum_client.formats.comparing.fields import fields_of, rule_words, type_words
from variorum_client.formats.comparing.rows import changes, kind_words, shown, value_rows
from variorum_client.formats.comparing.shapes import Consequence, Row
from variorum_client.formats.config import parse_config, parse_schema

MAX_SAID = 50
Parts = tuple[list[Row], list[Consequence]]


def compare_configs(path: str, old: str, new: str) -> Parts:
    """Rows by key path, and what follows for those who read the config. Raises FormatError."""
    before, after = parse_config(old, path).value, parse_config(new, path).value
    return value_rows("settings", before, after), list(_readers(before, after))[:MAX_SAID]


def compare_suites(path: str, old: str, new: str) -> Parts:
    """Rows by key path. Raises FormatError."""
    return value_rows("settings", parse_config(old, path).value, parse_config(new, path).value), []


def compare_schemas(path: str, old: str, new: str) -> Parts:
    """Rows of the keys that a config may have, and what follows for the config beside. Raises FormatError."""
    before, after = parse_schema(old.encode(), path), parse_schema(new.encode(), path)
    fields_old, fields_new = fields_of(before), fields_of(after)
    rows: list[Row] = []
    found: list[Consequence] = []
    for key in dict.fromkeys([*fields_old, *fields_new]):
        was, now = fields_old.get(key), fields_new.get(key)
        says = [_says(side) for side in (was, now)]
        if says[0] != says[1]:
            state = "added" if was is None else "removed" if now is None else "changed"
            rows.append(Row("keys", key, key, state, *says))  # type: ignore[arg-type]
        if now is not None and now.required and (was is None or not was.required):
            text = f"The config must now have `{key}`."
            found.append(Consequence("breaks", "key_required", key, text))
        if now is None and was is not None and before.get("additionalProperties") is False:
            found.append(Consequence("breaks", "key_removed", key, f"The config may no longer have `{key}`."))
    return rows or _rest(before, after), found


def _says(field: Any) -> str | None:
    if field is None:
        return None
    words = [type_words(field), rule_words(field), "needed" if field.required else "optional"]
    return ", ".join(word for word in words if word)


def _rest(before: Any, after: Any) -> list[Row]:
    """What differs in a schema beside its keys, as it is written."""
    return value_rows("schema", before, after)


def _readers(old: Any, new: Any) -> Iterator[Consequence]:
    for key, state, before, after in changes(old, new):
        if state == "removed":
            text = f"`{key}` is gone: applications that read it will not find it."
            yield Consequence("breaks", "key_removed", key, text)
        elif state == "changed" and kind_words(before) != kind_words(after):
            text = f"`{key}` was {kind_words(before)} and is now {kind_words(after)}: {shown(after)}."
            yield Consequence("breaks", "key_type", key, text)
