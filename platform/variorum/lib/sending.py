"""An object of the store as an HTTP answer, in flat memory, whole or in part."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import obstore

from variorum.lib import objects
from variorum.lib.asgi import Scope, Send, header, send_problem
from variorum.lib.errors import NotFound, Problem

CHUNK = 256 * 1024
PATIENCE = 120.0  # seconds for a caller to take the next piece
_RANGE = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class Download:
    """An object that a caller may have: its sha256, its size in bytes, further headers."""

    oid: str
    size: int
    headers: Mapping[str, str] = field(default_factory=dict)


class RangeNotSatisfiable(Problem):
    """The part that is asked for begins behind the end."""

    status = 416
    code = "range_not_satisfiable"


async def send_object(scope: Scope, send: Send, what: Download) -> None:
    """Answer GET or HEAD with an object; Range gives one part, If-None-Match nothing anew."""
    etag = f'"{what.oid}"'.encode()
    try:
        span = _span(scope, what.size, etag)
    except RangeNotSatisfiable as problem:
        await send_problem(send, problem)
        return
    first, last = span or (0, what.size)
    status = 206 if span else 200
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"content-length", str(last - first).encode()),
        (b"accept-ranges", b"bytes"),
        (b"etag", etag),
        (b"x-content-type-options", b"nosniff"),
        *((name.lower().encode(), value.encode()) for name, value in what.headers.items()),
    ]
    if span:
        headers.append((b"content-range", f"bytes {first}-{last - 1}/{what.size}".encode()))
    if header(scope, b"if-none-match") == etag:
        status, headers = 304, [one for one in headers if one[0] != b"content-length"]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    if scope["method"] == "HEAD" or status == 304 or first == last:
        await send(start)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    else:
        await _stream(send, start, what.oid, first, last)


def _span(scope: Scope, size: int, etag: bytes) -> tuple[int, int] | None:
    """First byte and the one behind the last, None for everything (also for several ranges, as RFC 9110 allows)."""
    match = _RANGE.fullmatch(header(scope, b"range"))
    condition = header(scope, b"if-range")
    if match is None or match[0] == b"bytes=-" or (condition and condition != etag):
        return None
    if not match[1]:
        first, last = max(size - int(match[2]), 0), size
    else:
        first = int(match[1])
        last = min(int(match[2]) + 1, size) if match[2] else size
    if first >= size or first >= last:
        text = f"The object has {size:,} bytes."
        raise RangeNotSatisfiable(text, headers={"Content-Range": f"bytes */{size}"})
    return first, last


async def _stream(send: Send, start: dict[str, object], oid: str, first: int, last: int) -> None:
    try:
        found = await obstore.get_async(
            objects.store().backend, objects.content_key(oid), options={"range": (first, last)}
        )
    except FileNotFoundError:
        await send_problem(send, NotFound("The content of this object is not in the store."))
        return
    await send(start)
    left = last - first
    async for piece in found.stream(min_chunk_size=CHUNK):
        left -= len(piece)
        message = {"type": "http.response.body", "body": bytes(piece), "more_body": left > 0}
        await asyncio.wait_for(send(message), PATIENCE)
