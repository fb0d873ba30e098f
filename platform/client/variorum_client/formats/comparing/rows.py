"""Two nested values as rows: which key was added, removed or changed, from what to what."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from variorum_client.formats.comparing.shapes import Row, State

MAX_ROWS = 500
MAX_SHOWN = 400
MISSING: Any = object()
_NAMES = ("id", "name", "key", "slug", "metric", "label")
_SPLIT = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\s]+")

Change = tuple[str, State, Any, Any]


def value_rows(group: str, old: Any, new: Any, label: Callable[[str], str] | None = None) -> list[Row]:
    """The rows of what differs between two values of YAML or JSON; MISSING for a side that is not there."""
    found = [_row(group, change, label) for change in changes(old, new)]
    return found if len(found) <= MAX_ROWS else found[:MAX_ROWS]


def changes(old: Any, new: Any, where: str = "") -> Iterator[Change]:
    """(key path, state, old, new) of every leaf that differs. Lists of plain values are one leaf."""
    if _is_mapping(old, new):
        before, after = old if old is not MISSING else {}, new if new is not MISSING else {}
        for key in dict.fromkeys([*before, *after]):
            yield from changes(before.get(key, MISSING), after.get(key, MISSING), _join(where, key))
    elif _is_list_of_mappings(old, new):
        yield from _list_changes(old if old is not MISSING else [], new if new is not MISSING else [], where)
    elif not same(old, new):
        yield where, _state(old, new), old, new


def same(old: Any, new: Any) -> bool:
    """Equal in value and in kind: 1 is not true, and not 1.0."""
    if old is MISSING or new is MISSING:
        return old is new
    return json.dumps(old, sort_keys=True, default=str) == json.dumps(new, sort_keys=True, default=str)


def shown(value: Any) -> str:
    """A value for people."""
    if isinstance(value, str):
        text = value or "(empty text)"
    elif value is None:
        text = "nothing"
    elif isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        text = ", ".join(map(shown, value)) or "(empty list)"
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def kind_words(value: Any) -> str:
    """What sort of value it is."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a group of settings"


def plain(name: str) -> str:
    """max_output_tokens, maxOutputTokens -> Max output tokens."""
    words = " ".join(part for part in _SPLIT.split(name.replace(".", " ")) if part).lower()
    return words[:1].upper() + words[1:]


def _row(group: str, change: Change, label: Callable[[str], str] | None) -> Row:
    key, state, old, new = change
    before, after = (None if side is MISSING else shown(side) for side in (old, new))
    return Row(group, key, label(key) if label else key, state, before, after, _note(old, new))


def _note(old: Any, new: Any) -> str:
    if old is MISSING or new is MISSING:
        return ""
    if isinstance(old, list) and isinstance(new, list):
        return _list_note(old, new)
    if kind_words(old) != kind_words(new):
        return f"was {kind_words(old)}, is now {kind_words(new)}"
    numbers = isinstance(old, int | float) and isinstance(new, int | float) and not isinstance(old, bool)
    return _step(old, new) if numbers else ""


def _step(old: float, new: float) -> str:
    if new == old:
        return "a whole number became a decimal, or the other way round"
    return f"{'+' if new > old else '−'}{abs(new - old):.6g}"


def _list_note(old: list[Any], new: list[Any]) -> str:
    before, after = ([json.dumps(item, sort_keys=True, default=str) for item in side] for side in (old, new))
    come = [shown(item) for item, text in zip(new, after, strict=True) if text not in before]
    gone = [shown(item) for item, text in zip(old, before, strict=True) if text not in after]
    parts = [f"added {', '.join(come)}" if come else "", f"removed {', '.join(gone)}" if gone else ""]
    return "; ".join(part for part in parts if part) or "the order changed"


def _is_mapping(old: Any, new: Any) -> bool:
    """Two mappings, or one with something in it where the other side has nothing."""
    lone = old is MISSING or new is MISSING
    return _all(old, new, lambda side: isinstance(side, dict) and (bool(side) or not lone))


def _is_list_of_mappings(old: Any, new: Any) -> bool:
    return _all(
        old, new, lambda side: isinstance(side, list) and bool(side) and all(isinstance(item, dict) for item in side)
    )


def _all(old: Any, new: Any, test: Callable[[Any], bool]) -> bool:
    """Whether a test holds for both sides, or for the one that is there."""
    sides = [side for side in (old, new) if side is not MISSING]
    return bool(sides) and all(map(test, sides))


def _list_changes(old: list[dict[str, Any]], new: list[dict[str, Any]], where: str) -> Iterator[Change]:
    """Items with a name of their own are compared by it, others by their place."""
    name = next((name for name in _NAMES if _names_all(old, name) and _names_all(new, name)), None)
    before, after = _keyed(old, name), _keyed(new, name)
    kept_old, kept_new = [key for key in before if key in after], [key for key in after if key in before]
    if kept_old != kept_new:
        yield f"{where}[]", "changed", kept_old, kept_new
    for key in dict.fromkeys([*before, *after]):
        yield from changes(before.get(key, MISSING), after.get(key, MISSING), f"{where}[{key}]")


def _names_all(items: list[dict[str, Any]], name: str) -> bool:
    values = [item.get(name) for item in items]
    return all(isinstance(value, str) for value in values) and len(set(values)) == len(values)


def _keyed(items: list[dict[str, Any]], name: str | None) -> Mapping[str, dict[str, Any]]:
    return {str(item[name]) if name else str(index + 1): item for index, item in enumerate(items)}


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else str(key)


def _state(old: Any, new: Any) -> State:
    if old is MISSING:
        return "added"
    return "removed" if new is MISSING else "changed"
