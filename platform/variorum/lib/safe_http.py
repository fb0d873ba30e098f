"""Outgoing requests that connect to the address that was checked, and follow no redirects."""

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

import httpx

from variorum.lib.net import resolve_public


def pinned(url: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """The URL with a checked address for its host, the Host header, and httpx extensions for SNI. Raises Invalid."""
    address = resolve_public(url)
    parts = urlsplit(url)
    host = parts.hostname or ""
    netloc = f"[{address}]" if ":" in address else address
    if parts.port:
        netloc += f":{parts.port}"
    target = urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
    return target, {"host": parts.netloc}, {"sni_hostname": host}


def post_bytes(url: str, body: bytes, *, headers: Mapping[str, str], timeout: float) -> int:
    """POST and give the status code; the answer's body is not read. Raises Invalid, httpx.HTTPError."""
    target, host, extensions = pinned(url)
    with (
        httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client,
        client.stream("POST", target, content=body, headers={**headers, **host}, extensions=extensions) as response,
    ):
        return response.status_code
