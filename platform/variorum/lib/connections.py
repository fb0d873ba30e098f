"""How many connections a web process holds at once: all that its open files allow, in shares.

Streams stay open, so without shares of their own they would leave no connection for requests, and the server would
take none at all until one of them ends.
"""

import resource
from contextlib import suppress

MOST = 15_000
OWN_FILES = 500  # the database, repositories, bodies on their way


def most() -> int:
    """How many connections of any kind."""
    return max(100, min(MOST, _files() - OWN_FILES))


def for_apps() -> int:
    """How many change streams of apps: two thirds."""
    return most() * 2 // 3


def for_pages() -> int:
    """How many streams of pages."""
    return min(2_000, most() // 5)


def raise_files() -> None:
    """Let this process open as many files as it may, up to what is needed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _bounded(hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # a system may allow less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _files() -> int:
    return _bounded(resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def _bounded(limit: int) -> int:
    most_needed = MOST + OWN_FILES
    return most_needed if limit == resource.RLIM_INFINITY else min(limit, most_needed)
