"""What of alerts travels with an export: rules, their alerts, and channels without what opens them."""

from urllib.parse import urlsplit

from monitoring.alerts.models import Alert, AlertRule, Channel
from variorum.lib.portable import Row, Stays, Table


def closed(row: Row, _slug: str) -> Row:
    """A webhook's address often is its own secret: only the host travels."""
    if row["kind"] != Channel.Kind.WEBHOOK:
        return row
    parts = urlsplit(row["address"])
    return {**row, "address": f"{parts.scheme}://{parts.hostname or ''}/"}


def silent(row: Row, _slug: str) -> Row:
    """Nothing is sent to a webhook before somebody completed its address and secret here."""
    return {**row, "enabled": row["kind"] != Channel.Kind.WEBHOOK}


TABLES = [
    Table(Channel, stays=("enabled",), out=closed, into=silent),
    Table(AlertRule, stays=("last", "checked_at", "next_at")),
    Table(Alert),
]
STAYS: Stays = {}
