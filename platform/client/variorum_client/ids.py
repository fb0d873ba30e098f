"""Ids that sort by time (UUID version 7, RFC 9562)."""

import secrets
import time
import uuid


def uuid7() -> str:
    """A new UUIDv7 in its usual spelling: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000 & (1 << 48) - 1
    value = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))
