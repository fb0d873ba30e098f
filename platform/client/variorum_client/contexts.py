"""What rules looked at when they chose for a caller: kept with what was chosen, and told in its log."""

import json
import re
from collections.abc import Mapping
from typing import Any

MAX_BYTES = 16_000
MAX_LEVELS = 8
MAX_USER = 200  # characters
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def kept(context: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A copy, which stays as it is whatever the app does with its own; None for what cannot be copied."""
    try:
        return dict(context)
    except Exception:  # noqa: BLE001  (an app's own mapping may fail in any way; the prompt must be served all the same)
        return None


def told(context: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A context as a log tells it; None for none, for what is no JSON, over 16 KB or 8 levels. Never raises."""
    if context is None:
        return None
    try:
        text = json.dumps(context, ensure_ascii=False, separators=(",", ":"), default=str)
        found: dict[str, Any] = json.loads(text)
        return found if len(text.encode("utf-8", "replace")) <= MAX_BYTES and _shallow(found) else None
    except Exception:  # noqa: BLE001  (a value's own __str__ may fail; the call is logged without its context then)
        return None


def _shallow(value: Any, levels: int = MAX_LEVELS) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_shallow(one, levels - 1) for one in inner)


def user_of(context: Mapping[str, Any] | None) -> str | None:
    """The targeting key where it will do as the user of a log."""
    key = context.get("targetingKey") if context else None
    return key if isinstance(key, str) and 0 < len(key) <= MAX_USER and not _CONTROL.search(key) else None


def with_context(metadata: Any, context: Mapping[str, Any] | None) -> Any:
    """A log's metadata with the context in it; what the app itself calls `context` stays."""
    if context is None or not (metadata is None or isinstance(metadata, Mapping)):
        return metadata
    return {"context": context, **(metadata or {})}
