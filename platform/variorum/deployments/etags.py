"""Strong entity tags and If-None-Match (RFC 9110, sections 8.8.3 and 13.1.2)."""

import re

_TAG = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def etag_of(digest: str) -> str:
    """The strong tag of a content hash."""
    return f'"{digest}"'


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Whether an If-None-Match header names this tag: a list, weak forms (compared weakly) or `*`."""
    if if_none_match == etag:
        return True
    if if_none_match.strip() == b"*":
        return True
    return etag in _TAG.findall(if_none_match)
