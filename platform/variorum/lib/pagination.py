"""Cursor pages: `{"items": [...], "next": cursor or null}`, stable while rows are added."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from variorum.lib.errors import Invalid

M = TypeVar("M", bound=Model)
MAX_LIMIT = 200


def limit_of(request: Request, *, default: int = 50, most: int = MAX_LIMIT) -> int:
    """The `limit` parameter, from 1 to `most`. Raises Invalid."""
    return integer_of(request, "limit", default=default, low=1, high=most)


def integer_of(request: Request, name: str, *, default: int, low: int, high: int) -> int:
    """A whole-number query parameter within bounds. Raises Invalid naming the parameter."""
    raw = request.query_params.get(name, "")
    if not raw:
        return default
    if not (raw.isascii() and raw.isdigit() and len(raw) < 19 and low <= int(raw) <= high):
        text = f"{name} must be a whole number from {low} to {high}."
        raise Invalid(text, errors=[{"where": name, "code": "invalid", "detail": text}])
    return int(raw)


def encode_cursor(value: Any) -> str:
    """Make an opaque cursor of a JSON-able value."""
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(raw: str) -> Any:
    """Read a cursor back. Raises Invalid for one that we did not make."""
    try:
        return json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        text = "This cursor is not one of ours; ask for the first page again."
        raise Invalid(text, errors=[{"where": "cursor", "code": "invalid", "detail": text}]) from None


def by_id(
    request: Request,
    rows: QuerySet[M],
    present: Callable[[Sequence[M]], Any],
    *,
    field: str = "pk",
    default: int = 50,
) -> dict[str, Any]:
    """Newest first by a growing integer field. One query, no count."""
    limit = limit_of(request, default=default)
    cursor = request.query_params.get("cursor", "")
    if cursor:
        after = decode_cursor(cursor)
        if not isinstance(after, int) or isinstance(after, bool) or abs(after) >= 2**63:
            raise Invalid("This cursor is not one of ours; ask for the first page again.")
        rows = rows.filter(**{f"{field}__lt": after})
    found = list(rows.order_by(f"-{field}")[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    last = getattr(found[-1], field) if found else None
    return {"items": present(found), "next": encode_cursor(last) if more else None}


def whole(items: Any) -> dict[str, Any]:
    """A small closed list in the same shape."""
    return {"items": items, "next": None}
