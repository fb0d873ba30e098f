"""Bodies of Git requests: gzip'd or not, in chunks or not, on the disk instead of in the memory."""

import asyncio
import tempfile
import zlib
from pathlib import Path
from typing import IO

from variorum.lib.asgi import PATIENCE, Disconnected, Message, Receive, Scope, header
from variorum.lib.errors import Invalid, TooLarge

REST_SECONDS = 120.0  # how long the rest of a body beyond the limit is read and forgotten, so that the answer is seen


class Spool:
    """A body in a file without a name, at its start. `whole` is false when it went beyond the limit and was cut."""

    def __init__(self, file: IO[bytes], whole: bool) -> None:
        self.file, self.whole = file, whole


async def spool(scope: Scope, receive: Receive, *, folder: Path, limit: int) -> Spool:
    """Take the body in, unzipped, at most `limit` bytes. Raises Disconnected, Invalid."""
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  (the caller closes it)
    try:
        return Spool(file, await _fill(file, scope, receive, limit))
    except BaseException:
        file.close()
        raise


async def _fill(file: IO[bytes], scope: Scope, receive: Receive, limit: int) -> bool:
    unzip = zlib.decompressobj(wbits=31) if header(scope, b"content-encoding") in {b"gzip", b"x-gzip"} else None
    size, more, deadline = 0, True, float("inf")
    while more and asyncio.get_running_loop().time() < deadline:
        message = await _next(receive)
        more = message.get("more_body", False)
        if size > limit:
            continue
        piece = _unzipped(unzip, message.get("body", b""), limit + 1 - size)
        size += len(piece)
        if size > limit:
            deadline = asyncio.get_running_loop().time() + REST_SECONDS
        else:
            file.write(piece)
    file.seek(0)
    return size <= limit


def _unzipped(unzip: "zlib._Decompress | None", piece: bytes, most: int) -> bytes:
    """At most `most` bytes: a body may unzip to a thousand times its size."""
    if unzip is None:
        return piece
    try:
        return unzip.decompress(piece, most)
    except zlib.error:
        raise Invalid("The body is not gzip, although its header says so.") from None


async def _next(receive: Receive) -> Message:
    try:
        message = await asyncio.wait_for(receive(), PATIENCE)
    except TimeoutError:
        raise Disconnected from None
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message


def too_large(limit: int) -> TooLarge:
    """The refusal of a fetch that asks for too much at once."""
    return TooLarge(f"The request is larger than {limit // 1_000_000} MB.")
