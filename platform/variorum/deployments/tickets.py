"""Tickets for the change stream: a browser's EventSource sends no headers, so its address must say who may listen.

A ticket opens the stream of one environment for one key and nothing else, for as long as the key is good and at most a
few hours. It is encrypted, names the key by the hash of its token, and is the same for a while, so that a client
which is told the address again keeps its connection.
"""

import time
from functools import lru_cache

from variorum.lib import crypto

PERIOD = 3600  # seconds for which the same ticket is given
GOOD_FOR = 4 * 3600


def issue(digest: bytes, environment: str) -> str:
    """A ticket for the key with this hash of its token."""
    return _issue(digest, environment, int(time.time()) // PERIOD)


@lru_cache(maxsize=10_000)
def _issue(digest: bytes, environment: str, period: int) -> str:
    return crypto.seal(f"{period * PERIOD + GOOD_FOR} {digest.hex()} {environment}")


def read(ticket: str, environment: str) -> bytes | None:
    """The hash of the token of the key that a ticket is for; None for one that opens nothing here now."""
    try:
        until, digest, where = crypto.unseal(ticket).split(" ", 2)
    except ValueError:  # also: nothing of ours
        return None
    return bytes.fromhex(digest) if where == environment and int(until) > time.time() else None
