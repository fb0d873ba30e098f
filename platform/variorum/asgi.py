"""The web process: three lanes in front of one Django.

1. The runtime bundle (`variorum.deployments.lane`): ready bytes from this process's memory. What is evaluated for
   callers (`variorum.deployments.asking`) comes from the same memory.
2. The streams: the pages' (`variorum.events.stream`) and the apps' (`variorum.deployments.changes`), server-sent events
   on the event loop.
3. Everything else: Django as a WSGI application in threads (a2wsgi). It costs about half of Django's own ASGI handler.

Lanes 1 and 2 ask lane 3 for everything that is not their one hot path, so that there is one set of rules. So do the
lanes that rooms above hand down (`variorum.lib.lanes`).
"""

import asyncio
import gc
import json
import logging
import os
import re
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BytesIO
from types import FrameType
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import Resolver404, resolve

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")
wsgi_application = get_wsgi_application()

from variorum.accounts.authentication import is_somebody  # noqa: E402
from variorum.deployments.asking import AskingLane  # noqa: E402
from variorum.deployments.changes import Changes  # noqa: E402
from variorum.deployments.lane import RuntimeLane  # noqa: E402
from variorum.events import live, stream  # noqa: E402  (Django is ready only now)
from variorum.lib import asgi, connections, lanes  # noqa: E402
from variorum.lib.asgi import Message, Receive, Scope, Send  # noqa: E402
from variorum.lib.errors import Invalid, Problem, Unauthenticated  # noqa: E402
from variorum.lib.listener import Listener  # noqa: E402
from variorum.lib.parsers import RawJSONParser  # noqa: E402

log = logging.getLogger(__name__)
THREADS = 24
NOBODYS = 1_000_000  # bytes of a body from who is not known
BODY = "variorum.body"
STREAM = re.compile(r"^/api/v1/projects/[-\w]+/stream$", re.ASCII)

hub = stream.Hub()


def _with_body(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django reads the body from the file that lane 3 took it into, not across threads piece by piece."""
    environ["wsgi.input"] = environ["asgi.scope"].get(BODY) or BytesIO()
    return wsgi_application(environ, start_response)


_threads: Any = WSGIMiddleware(cast("Any", _with_body), workers=THREADS, send_queue_size=16)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] == "http":
        if RuntimeLane.wants(scope):
            await lane.serve(scope, receive, send)
        elif AskingLane.wants(scope):
            await asking.serve(scope, receive, send)
        elif Changes.wants(scope):
            await changes.serve(scope, receive, send)
        elif STREAM.match(scope["path"]) and scope["method"] == "GET":
            await stream.serve(scope, receive, send, hub=hub, authorise=django)
        elif hot := lanes.find(scope):
            await hot.serve(scope, receive, send, django)
        else:
            await django(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _live(receive, send)
    else:
        await send({"type": "websocket.close", "code": 1000})


async def django(scope: Scope, receive: Receive, send: Send) -> None:
    """Lane 3. The body is taken in before a thread is taken, so that slow callers hold no thread."""
    try:
        _check_address(scope)
        limit = await _limit(scope)
        file, size = await asgi.take_body(receive, limit) if limit else (None, 0)
    except Problem as problem:
        await asgi.send_problem(send, problem)
        await asgi.drain(receive)
        return
    except asgi.Disconnected:
        await asgi.send_too_slow(send)
        return
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    if file is not None:
        headers = [h for h in headers if h[0] not in {b"content-length", b"transfer-encoding"}]
        headers.append((b"content-length", str(size).encode()))
    try:
        inner = {**scope, "headers": headers, BODY: file}
        await _threads(inner, receive, _joined(send))
        if asgi.GRANT in inner:
            scope[asgi.GRANT] = inner[asgi.GRANT]
    finally:
        if file is not None:
            file.close()


lane = RuntimeLane(view=django)
changes = Changes(lane, view=django)
asking = AskingLane(lane, view=django)


def _check_address(scope: Scope) -> None:
    if not scope["query_string"].isascii():
        raise Invalid("The address holds characters that must be percent-encoded.")


async def _limit(scope: Scope) -> int:
    """How many bytes of body may come: 0 for none. Raises TooLarge at once when more are announced.

    Nobody's body is kept while it arrives, but for a small one: the views would refuse it unread.
    """
    length = asgi.declared_length(scope)
    if length == 0:
        return 0
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if (length is None or length > limit) and _takes_uploads(scope["path"]):
        limit = settings.MAX_UPLOAD_MB * 1_000_000
    if length is not None and length > limit:
        raise asgi.too_large(limit)
    if (length is None or length > NOBODYS) and not await asyncio.to_thread(is_somebody, dict(scope["headers"])):
        if length is not None:
            raise Unauthenticated("Sign in, or send an API key.")
        return NOBODYS
    return int(limit)


def _takes_uploads(path: str) -> bool:
    """Whether the view at an address reads something else than JSON."""
    try:
        view = getattr(resolve(path).func, "view_class", None)
    except Resolver404:
        return False
    return any(not issubclass(parser, RawJSONParser) for parser in getattr(view, "parser_classes", []))


def _joined(send: Send) -> Send:
    """Join the last piece of a body of known length with its end: one write instead of a chunked answer."""
    missing: float = float("inf")
    done = False

    async def joined(message: Message) -> None:
        nonlocal missing, done
        if message["type"] == "http.response.start":
            if message["status"] == 304:  # Django's "0" would be said of the answer that was not sent
                message = {**message, "headers": [h for h in message["headers"] if h[0] != b"content-length"]}
            missing = next((int(value) for name, value in message["headers"] if name == b"content-length"), missing)
            await send(message)
        elif not done:
            missing -= len(message["body"])
            done = missing <= 0 or not message.get("more_body", False)
            await send({**message, "more_body": not done})

    return joined


def _hear(payload: str) -> None:
    news = json.loads(payload)
    lane.hear(news)
    changes.hear(news)
    hub.publish(news)
    lanes.hear(news)


def _doubt() -> None:
    lane.doubt()
    changes.doubt()
    hub.resync()
    lanes.hear(None)


def _shut() -> None:
    hub.shut()
    changes.shut()
    lanes.end()


def _before_the_end(call: Callable[[], None]) -> None:
    """Call it as soon as the process is told to end: the server waits for open connections before it says so itself."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def handle(which: int, frame: FrameType | None, before: Any = before) -> None:
            loop.call_soon_threadsafe(call)
            if callable(before):
                before(which, frame)

        with suppress(ValueError):  # a server that runs us outside of the main thread tells us itself
            signal.signal(number, handle)


async def _live(receive: Receive, send: Send) -> None:
    """Startup and shutdown of a web process."""
    connections.raise_files()
    await receive()
    _before_the_end(_shut)
    tasks = [
        asyncio.ensure_future(Listener({live.CHANNEL: _hear}, _doubt).run()),
        asyncio.ensure_future(lane.run()),
    ]
    gc.collect()
    gc.freeze()  # what was loaded at the start is never garbage: looking through it again and again costs requests
    await send({"type": "lifespan.startup.complete"})
    await receive()
    _shut()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await lane.flush()
    await lanes.close()
    await send({"type": "lifespan.shutdown.complete"})
