"""Git's three addresses on the event loop: /<project>.git/info/refs, /git-upload-pack, /git-receive-pack.

Django says who may (`api.py`). A fetch then is git's own upload-pack, its output passed on as the caller takes it. A
push is written to a file and handed to a thread (`receiver`: the room above, which knows drafts). How many of each run
at once is bounded; the others wait a while and are then told to come back.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import IO
from urllib.parse import parse_qs

from django.conf import settings

from variorum.lib import asgi
from variorum.lib.asgi import Disconnected, Receive, Scope, Send, header
from variorum.lib.errors import Invalid, Problem, Unavailable
from variorum.lib.lanes import App
from variorum.repos.transport import commands
from variorum.repos.transport.api import FETCH, PUSH
from variorum.repos.transport.bodies import spool, too_large
from variorum.repos.transport.door import Door
from variorum.repos.transport.listing import listing, visible_refs
from variorum.repos.transport.pktlines import FLUSH, pkt
from variorum.repos.transport.processes import capabilities, upload_pack

log = logging.getLogger(__name__)
ADDRESS = re.compile(r"^/[-\w]+\.git/(info/refs|git-upload-pack|git-receive-pack)$", re.ASCII)
FETCHES, PUSHES = 16, 4  # at once, in one web process
WAITING = 60.0  # seconds for a free place
WANTS = 32_000_000  # bytes of one fetch's request
NO_CACHE = [
    (b"cache-control", b"no-cache, max-age=0, must-revalidate"),
    (b"pragma", b"no-cache"),
    (b"expires", b"Fri, 01 Jan 1980 00:00:00 GMT"),
    (b"x-content-type-options", b"nosniff"),
]
Receiver = Callable[[Door, IO[bytes], bool], bytes]  # (who, body, whether it is whole) -> the answer


class GitLane:
    """One per web process."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.fetches, self.pushes = asyncio.Semaphore(FETCHES), asyncio.Semaphore(PUSHES)
        self.threads = ThreadPoolExecutor(PUSHES, thread_name_prefix="push")
        self.capabilities = b""  # of version 2

    def wants(self, scope: Scope) -> bool:
        """One of the three addresses."""
        return ADDRESS.match(scope["path"]) is not None

    async def serve(self, scope: Scope, receive: Receive, send: Send, django: App) -> None:
        """Ask Django, then speak Git."""
        door = await asgi.granted(asgi.bodiless(scope), asgi.no_body, send, django)
        if not isinstance(door, Door):
            await asgi.drain(receive)
            return
        try:
            if scope["path"].endswith("/info/refs"):
                await self._refs(scope, receive, send, door)
            elif scope["path"].endswith(FETCH):
                await self._fetch(scope, receive, send, door)
            else:
                await self._push(scope, receive, send, door)
        except Problem as problem:
            await _send_text(send, problem)
        except (Disconnected, TimeoutError):  # the caller is gone, or takes nothing any more
            return

    async def _refs(self, scope: Scope, receive: Receive, send: Send, door: Door) -> None:
        service = parse_qs(scope["query_string"].decode())["service"][-1]  # the one that Django looked at
        headers = _headers(f"application/x-{service}-advertisement")
        if service == PUSH:
            refs = await asyncio.to_thread(visible_refs, door.path)
            await _send_whole(send, headers, commands.advertisement(refs))
            return
        async with _place(self.fetches):
            if _version(scope) == 2:  # it says what the server can, nothing of the repository
                self.capabilities = self.capabilities or await capabilities(door.path)
                await _send_whole(send, headers, self.capabilities)
                return
            start = pkt(f"# service={service}\n") + FLUSH
            await upload_pack(
                door.path, ["--advertise-refs"], receive, send, headers, start=start, env=_protocol(scope)
            )

    async def _fetch(self, scope: Scope, receive: Receive, send: Send, door: Door) -> None:
        _check_type(scope, FETCH)
        body = await spool(scope, receive, folder=door.path.parent, limit=WANTS)
        with body.file:
            if not body.whole:
                raise too_large(WANTS)
            headers = _headers(f"application/x-{FETCH}-result")
            if _version(scope) == 2 and (listed := await asyncio.to_thread(listing, door.path, body.file)):
                await _send_whole(send, headers, listed)
                return
            async with _place(self.fetches):
                await upload_pack(door.path, [], receive, send, headers, stdin=body.file, env=_protocol(scope))

    async def _push(self, scope: Scope, receive: Receive, send: Send, door: Door) -> None:
        _check_type(scope, PUSH)
        limit = settings.MAX_PUSH_MB * 1_000_000
        body = await spool(scope, receive, folder=door.path.parent, limit=limit)
        with body.file:
            async with _place(self.pushes):
                loop = asyncio.get_running_loop()
                work = loop.run_in_executor(self.threads, self.receiver, door, body.file, body.whole)
                answer = await asyncio.shield(work)  # a caller who hangs up does not stop it half-way
        await _send_whole(send, _headers(f"application/x-{PUSH}-result"), answer)


@asynccontextmanager
async def _place(places: asyncio.Semaphore) -> AsyncIterator[None]:
    """One of the places for this kind of work. Raises Unavailable when none gets free."""
    try:
        await asyncio.wait_for(places.acquire(), WAITING)
    except TimeoutError:
        text = "Too many others fetch or push now. Try again in a moment."
        raise Unavailable(text, headers={"Retry-After": "10"}) from None
    try:
        yield
    finally:
        places.release()


def _check_type(scope: Scope, service: str) -> None:
    if header(scope, b"content-type") != f"application/x-{service}-request".encode():
        raise Invalid(f"The body must be application/x-{service}-request.")


def _protocol(scope: Scope) -> dict[str, str]:
    asked = header(scope, b"git-protocol").decode("latin-1")
    return {"GIT_PROTOCOL": asked} if re.fullmatch(r"[a-z0-9=:.-]{1,200}", asked) else {}


def _version(scope: Scope) -> int:
    found = re.findall(r"(?:^|:)version=(\d)(?=:|$)", _protocol(scope).get("GIT_PROTOCOL", ""))
    return max(map(int, found), default=0)


def _headers(kind: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", kind.encode()), *NO_CACHE]


async def _send_whole(send: Send, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _send_text(send: Send, problem: Problem) -> None:
    """Git shows plain text and nothing else."""
    body = f"{problem.detail}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    with suppress(Exception):  # the caller may be gone
        await send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})
