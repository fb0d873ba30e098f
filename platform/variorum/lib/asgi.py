"""Small parts of the ASGI side: a problem as messages, and bodies taken in whole, bounded and off the memory."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import IO, Any

from variorum.lib.errors import Invalid, Problem, TooLarge, TooSlow

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

IN_MEMORY = 1_000_000  # bytes of one body; the rest of it goes to a temporary file
PATIENCE = 30.0  # seconds for the next piece of a body
DRAIN_BYTES = 1_000_000_000
DRAIN_SECONDS = 10.0


# A view leaves what it grants in the ASGI scope under this name; a lane asks for it with `granted`.
GRANT = "variorum.grant"
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Disconnected(Exception):
    """The caller went away in the middle of the body."""


def header(scope: Scope, name: bytes) -> bytes:
    """The first value of a request header (lower-case name), empty when it is not there."""
    return next((value for key, value in scope["headers"] if key == name), b"")


def joined(scope: Scope, name: bytes) -> bytes:
    """All values of a request header that is a list, as one; empty when it is not there."""
    return b", ".join(value for key, value in scope["headers"] if key == name)


async def send_problem(send: Send, problem: Problem) -> None:
    """Answer with a problem document in one write."""
    body = json.dumps(problem.document(), separators=(",", ":"), ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def granted(scope: Scope, receive: Receive, send: Send, django: App) -> Any:
    """What the view at this address leaves under GRANT; None when it does not: its own answer is sent then."""
    scope.pop(GRANT, None)
    answer: list[Message] = []

    async def keep(message: Message) -> None:
        answer.append(message)

    await django(scope, receive, keep)
    if GRANT in scope:
        return scope[GRANT]
    for message in answer:
        await send(message)
    return None


def bodiless(scope: Scope) -> Scope:
    """The request without its body's headers: Django answers it and the body stays unread."""
    lengths = {b"content-length", b"transfer-encoding"}
    return {**scope, "headers": [one for one in scope["headers"] if one[0] not in lengths]}


async def no_body() -> Message:
    """A `receive` for a request whose body is read elsewhere."""
    return {"type": "http.request", "body": b"", "more_body": False}


def declared_length(scope: Scope) -> int | None:
    """Content-Length; None when the body is sent in chunks; 0 when there is none. Raises Invalid."""
    if header(scope, b"transfer-encoding"):
        return None
    raw = header(scope, b"content-length") or b"0"
    if not raw.isdigit() or len(raw) > 18:
        raise Invalid("The Content-Length header is not a whole number.")
    return int(raw)


async def send_too_slow(send: Send) -> None:
    """The answer to who stopped in the middle of the body; who has left does not see it."""
    await send_problem(send, TooSlow(f"The rest of the body did not come within {PATIENCE:g} seconds."))


async def take_body(receive: Receive, limit: int) -> tuple[IO[bytes], int]:
    """The whole body as a file at its start, and its length. Raises TooLarge past `limit`, Disconnected."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (the caller closes it)
    size = 0
    try:
        async for piece in pieces(receive):
            size += len(piece)
            if size > limit:
                raise too_large(limit)
            file.write(piece)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file, size


def too_large(limit: int) -> TooLarge:
    """The refusal of a body above `limit` bytes."""
    return TooLarge(f"The body is larger than {limit // 1_000_000} MB. Send less at once.")


async def drain(receive: Receive) -> None:
    """Read the rest of a refused body and forget it, within bounds: many clients read no answer before they have
    sent everything, and would see a broken connection instead of the reason."""
    size = 0
    try:
        deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
        async for piece in pieces(receive):
            size += len(piece)
            if size > DRAIN_BYTES or asyncio.get_running_loop().time() > deadline:
                return
    except Disconnected:
        return


async def pieces(receive: Receive) -> AsyncIterator[bytes]:
    """A body as it arrives. Raises Disconnected when the caller leaves or the next piece does not come in time."""
    more = True
    while more:
        try:
            async with asyncio.timeout(PATIENCE):
                message = await receive()
        except TimeoutError:
            raise Disconnected from None
        if message["type"] == "http.disconnect":
            raise Disconnected
        yield message.get("body", b"")
        more = message.get("more_body", False)
