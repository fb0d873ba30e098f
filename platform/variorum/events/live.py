"""Live updates: a PostgreSQL NOTIFY that every web process passes to its open pages."""

import json
from typing import Any

from django.db import connection

CHANNEL = "variorum_live"
MAX_PAYLOAD = 7_500  # NOTIFY refuses 8000 bytes and more


def publish(
    project_id: int, kind: str, subject: tuple[str, str], data: dict[str, Any] | None = None, *, topic: str = ""
) -> None:
    """Tell open pages of a project. Inside a transaction it goes out at commit, and not at all after a rollback.

    Data that would not fit is left out: a page then asks the API. With a `topic` only those pages are told that
    follow it (`?topic=` of the stream).
    """
    message = {
        "project": project_id,
        "kind": kind,
        "subject": {"kind": subject[0], "id": subject[1]},
        "data": data or {},
        **({"topic": topic} if topic else {}),
    }
    text = json.dumps(message, separators=(",", ":"), default=str)
    if len(text.encode()) > MAX_PAYLOAD:
        text = json.dumps({**message, "data": {}}, separators=(",", ":"))
    notify(CHANNEL, text)


def notify(channel: str, payload: str) -> None:
    """A bare NOTIFY on the default database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [channel, payload])
