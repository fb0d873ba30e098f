"""Large files in and out, on the event loop: memory stays flat and slow callers hold no thread.

The view says who may; the lane moves the bytes.
"""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connections
from rest_framework.request import Request
from rest_framework.response import Response

from variorum.accounts.access import access_project
from variorum.accounts.models import Project
from variorum.accounts.roles import Role
from variorum.lib import asgi, objects
from variorum.lib.asgi import App, Receive, Scope, Send
from variorum.lib.errors import Invalid, NotFound, Problem, Unavailable
from variorum.lib.objects import Incoming
from variorum.lib.sending import Download, send_object
from variorum.repos.lfs import keeping
from variorum.repos.lfs.doors import MEDIA_TYPE, LfsView

ADDRESS = re.compile(r"^/[-\w]+\.git/info/lfs/objects/[0-9a-f]{64}$", re.ASCII)
THREADS = 8
PIECE = 1_000_000  # bytes that are written at once


@dataclass(frozen=True)
class Upload:
    """An object that may come in."""

    project: Project
    oid: str


class ObjectView(LfsView):
    """One object. The lane below serves it; a plain WSGI server cannot."""

    def get(self, request: Request, project: str, oid: str) -> Response:
        """Viewer. The content; Range gives a part."""
        found = access_project(request, project)
        size = keeping.sizes_held(found, [oid]).get(oid)
        if size is None:
            raise NotFound("This project has no such object.")
        return _grant(request, Download(oid, size))

    def put(self, request: Request, project: str, oid: str) -> Response:
        """Editor. Takes the content, which must have that SHA-256 and be a sound safetensors file."""
        found = access_project(request, project, Role.EDITOR)
        return _grant(request, Upload(found, oid))


def _grant(request: Request, what: Download | Upload) -> Response:
    scope = request.META.get("asgi.scope")
    if scope is None:
        raise Unavailable("Large files are moved by the ASGI server only.")
    scope[asgi.GRANT] = what
    return Response(status=204)


class TransferLane:
    """GET, HEAD and PUT of objects."""

    def __init__(self, threads: int = THREADS) -> None:
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="lfs")

    def wants(self, scope: Scope) -> bool:
        """Whether a request moves an object."""
        return scope["method"] in {"GET", "HEAD", "PUT"} and ADDRESS.match(scope["path"]) is not None

    async def serve(self, scope: Scope, receive: Receive, send: Send, django: App) -> None:
        """Ask the view, then move the bytes."""
        allowed = await asgi.granted(asgi.bodiless(scope), asgi.no_body, send, django)
        if isinstance(allowed, Download):
            await send_object(scope, send, allowed)
        elif isinstance(allowed, Upload):
            await self._take(allowed, scope, receive, send)
        else:
            await asgi.drain(receive)

    async def _take(self, upload: Upload, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            size = asgi.declared_length(scope)
            if size is not None and size > keeping.most_bytes():
                raise keeping.too_large()
            taken = await self._receive(upload, size, receive)
        except Problem as problem:
            # git-lfs takes a 422 for a dispute about Content-Type and goes on as if it had uploaded.
            status = 400 if problem.status == 422 else problem.status
            await _answer(send, status, {**problem.document(), "status": status, "message": problem.detail})
            await asgi.drain(receive)
        except asgi.Disconnected:
            return
        else:
            await _answer(send, 200, taken)

    async def _receive(self, upload: Upload, announced: int | None, receive: Receive) -> dict[str, Any]:
        """Write what arrives to a scratch file, then keep it. Raises Problem, Disconnected."""
        loop = asyncio.get_running_loop()
        with objects.incoming() as incoming:
            waiting: list[bytes] = []
            async for piece in asgi.pieces(receive):
                waiting.append(piece)
                if (have := sum(map(len, waiting))) >= PIECE:
                    await loop.run_in_executor(self.threads, _write, incoming, waiting)
                    waiting = []
                if incoming.size + have > keeping.most_bytes():
                    raise keeping.too_large()
            await loop.run_in_executor(self.threads, _write, incoming, waiting)
            if announced is not None and incoming.size != announced:
                raise Invalid(f"{announced:,} bytes were announced and {incoming.size:,} came.")
            return await loop.run_in_executor(self.threads, _keep, upload, incoming)


def _write(incoming: Incoming, pieces: list[bytes]) -> None:
    for piece in pieces:
        incoming.write(piece)


def _keep(upload: Upload, incoming: Incoming) -> dict[str, Any]:
    try:
        row = keeping.take(upload.project, incoming, expected=upload.oid)
        return {"oid": row.sha256, "size": row.size}
    finally:
        connections.close_all()


async def _answer(send: Send, status: int, document: dict[str, Any]) -> None:
    body = orjson.dumps(document)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
