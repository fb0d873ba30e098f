"""The live stream of a project as server-sent events: NOTIFY comes in once per process and goes out to every page.

    id: 17
    data: {"kind":"draft.merged","subject":{"kind":"draft","id":"12"},"data":{"actor":"Olga"}}

`?topic=drafts/12` follows what only the pages of that draft want to hear.
`{"kind":"resync",...}` means that news may have been missed: ask the API again. It is sent when the process's own
connection to the database was cut, and first thing to a page that comes back (it sends Last-Event-ID).
A page that does not keep up is dropped; its EventSource comes back by itself and is told to resync.
"""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from variorum.lib import connections
from variorum.lib.asgi import Receive, Scope, Send, granted, header, no_body, send_problem
from variorum.lib.errors import Unavailable

HEARTBEAT = 15.0
RECHECK = 60.0  # seconds after which the caller's access is looked at again
ACCESS = "member."  # news after which it is looked at again at once
QUEUE = 256
MOST_TOPICS = 8
MOST_STREAMS = connections.for_pages()
MOST_A_PROJECT = MOST_STREAMS // 2
SEND_PATIENCE = 30.0
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
RESYNC = '{"kind":"resync","subject":{"kind":"","id":""},"data":{}}'
BEAT = b": still here\n\n"
Authorise = Callable[[Scope, Receive, Send], Awaitable[None]]


class _Page:
    """One open stream: a bounded queue of ready messages. `lost` is set when it is to end, `doubt` when the caller's
    access may have changed."""

    def __init__(self, topics: frozenset[str] = frozenset()) -> None:
        self.topics = topics
        self.doubt = asyncio.Event()
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE)
        self.lost = asyncio.Event()

    def put(self, message: bytes) -> None:
        """Queue a message; a full queue ends the stream."""
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.lost.set()


class Hub:
    """The open streams of this process, by project. Everything here runs on the event loop."""

    def __init__(self) -> None:
        self._pages: dict[int, set[_Page]] = {}
        self._numbers = itertools.count(1)
        self.ending = False

    def __len__(self) -> int:
        return sum(map(len, self._pages.values()))

    def listening(self, project_id: int) -> int:
        """How many streams of a project are open."""
        return len(self._pages.get(project_id, ()))

    def open(self, project_id: int, topics: frozenset[str] = frozenset()) -> _Page:
        """A new stream of a project that follows some topics; give it back with `close`."""
        page = _Page(topics)
        self._pages.setdefault(project_id, set()).add(page)
        return page

    def close(self, project_id: int, page: _Page) -> None:
        """Forget a stream."""
        pages = self._pages.get(project_id, set())
        pages.discard(page)
        if not pages:
            self._pages.pop(project_id, None)

    def message(self, text: str) -> bytes:
        """A JSON text as one server-sent event with the next id."""
        return f"id: {next(self._numbers)}\ndata: {text}\n\n".encode()

    def publish(self, news: dict[str, Any]) -> None:
        """Pass on what `events.live.publish` sent: project, kind, subject, data; with a topic only to its followers."""
        topic = news.get("topic", "")
        pages = {page for page in self._pages.get(news["project"], ()) if not topic or topic in page.topics}
        if news["kind"].startswith(ACCESS):
            for page in pages:
                page.doubt.set()
        if pages:
            text = json.dumps({name: news[name] for name in ("kind", "subject", "data")}, separators=(",", ":"))
            self._put(pages, self.message(text))

    def resync(self) -> None:
        """Tell every page that news may have been missed."""
        message = self.message(RESYNC)
        for pages in self._pages.values():
            self._put(pages, message)

    def shut(self) -> None:
        """End every stream and open no more, as at shutdown."""
        self.ending = True
        for pages in self._pages.values():
            for page in pages:
                page.lost.set()

    @staticmethod
    def _put(pages: set[_Page], message: bytes) -> None:
        for page in pages:
            page.put(message)


async def serve(scope: Scope, receive: Receive, send: Send, *, hub: Hub, authorise: Authorise) -> None:
    """Answer GET /projects/{p}/stream. `authorise` is Django: its view grants it or answers itself."""
    if hub.ending or len(hub) >= MOST_STREAMS:
        await send_problem(send, Unavailable("No more pages can listen here now.", headers={"Retry-After": "5"}))
        return
    project_id = await granted(scope, receive, send, authorise)
    if project_id is None:
        return
    if hub.listening(project_id) >= MOST_A_PROJECT:
        text = "This project has too many open pages now: close some."
        await send_problem(send, Unavailable(text, headers={"Retry-After": "5"}))
        return
    page = hub.open(project_id, _topics(scope))
    try:
        await _run(page, scope, receive, send, hub, authorise)
    finally:
        hub.close(project_id, page)


async def _run(page: _Page, scope: Scope, receive: Receive, send: Send, hub: Hub, authorise: Authorise) -> None:
    """Write until the caller leaves, does not keep up, loses access, or the server ends."""
    if header(scope, b"last-event-id"):
        page.put(hub.message(RESYNC))
    tasks = [
        asyncio.ensure_future(_write(page, send)),
        asyncio.ensure_future(_gone(receive)),
        asyncio.ensure_future(page.lost.wait()),
        asyncio.ensure_future(_refused(page, scope, authorise)),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not tasks[1].done():
            with suppress(Exception):
                await asyncio.wait_for(send({"type": "http.response.body", "body": b"", "more_body": False}), 1)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _write(page: _Page, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    chunk = b"retry: 2000\n\n"
    while True:
        await asyncio.wait_for(send({"type": "http.response.body", "body": chunk, "more_body": True}), SEND_PATIENCE)
        try:
            chunk = await asyncio.wait_for(page.queue.get(), HEARTBEAT)
        except TimeoutError:
            chunk = BEAT
        while not page.queue.empty() and len(chunk) < 60_000:
            chunk += page.queue.get_nowait()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _topics(scope: Scope) -> frozenset[str]:
    """What the page follows beside the project's own news."""
    asked = parse_qs(scope.get("query_string", b"").decode("ascii", "replace"))
    return frozenset(asked.get("topic", [])[:MOST_TOPICS])


async def _refused(page: _Page, scope: Scope, authorise: Authorise) -> None:
    """Ends once the caller may no longer listen. A database that is away is no reason."""
    status = 200
    while status not in {401, 403, 404}:
        with suppress(TimeoutError):
            await asyncio.wait_for(page.doubt.wait(), RECHECK)
        page.doubt.clear()

        async def look(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)

        await authorise(scope, no_body, look)
