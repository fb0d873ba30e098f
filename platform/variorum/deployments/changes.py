"""The change stream of an environment as server-sent events: what is served now, at once and at each change.

    event: bundle
    id: 5f0c…
    data: {"etag":"\"5f0c…\"","commit":"8f3c…"}

It tells that there is something new, never what: the listener fetches it by its ETag. So nobody who is slow holds up a
queue, and coming back late costs one message. `id` names the state; who comes back with it (Last-Event-ID) is told
only when it is another one now. OFREP's clients listen to the same at an address of theirs, in OFREP's words.

A listener costs this process two tasks, no thread and no connection of the database. What is served and whether the
key is still good comes from the memory of the runtime lane, which hears of both.
"""

import asyncio
import re
import time
from collections import Counter
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from variorum.deployments import tickets
from variorum.deployments.lane import SERVED, KeyFacts, RuntimeLane, token_of
from variorum.deployments.runtime import STREAM, identity, message
from variorum.events.stream import BEAT, HEADERS, HEARTBEAT, SEND_PATIENCE
from variorum.lib import connections
from variorum.lib.asgi import App, Receive, Scope, Send, header, send_problem
from variorum.lib.errors import RateLimited, Unavailable

PATHS = re.compile(r"^/api/v1/runtime/([^/]+)/(stream|ofrep/v1/stream)$")
MOST = connections.for_apps()
MOST_A_KEY = min(2_000, MOST // 5)
MOST_A_PROJECT = MOST // 2  # whatever the number of its keys: others must be able to listen, too
RETRY = b"retry: 2000\n\n"
AGAIN = {"Retry-After": "5"}
ORIGINS = {"Access-Control-Allow-Origin": "*"}  # at OFREP's address


class _Listener:
    """One open stream. `wake` is set when there may be something to say, `again` when it is to be said anyway, `quiet`
    when nothing was said for a while."""

    __slots__ = ("again", "environment", "gone", "key", "place", "quiet", "told", "wake")

    def __init__(self, digest: bytes, facts: KeyFacts, environment: str, told: str) -> None:
        self.key = (digest, facts.id)
        self.environment, self.place = environment, (facts.project_id, environment)
        self.told, self.again, self.gone, self.quiet = told, False, False, False
        self.wake = asyncio.Event()

    async def news(self, seconds: float) -> bool:
        """Wait to be woken, so long at most; whether all was quiet. Costs a third of what asyncio.timeout does."""
        self.quiet = False
        timer = asyncio.get_running_loop().call_later(seconds, self._rest)
        try:
            await self.wake.wait()
        finally:
            timer.cancel()
        return self.quiet

    def _rest(self) -> None:
        self.quiet = True
        self.wake.set()


class Changes:
    """The listeners of this process. Everything here runs on the event loop."""

    def __init__(self, memory: RuntimeLane, view: App) -> None:
        self._memory, self._view = memory, view
        self._listeners: set[_Listener] = set()
        self._by_key: Counter[int] = Counter()
        self._by_project: Counter[int] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = False

    def __len__(self) -> int:
        return len(self._listeners)

    @staticmethod
    def wants(scope: Scope) -> bool:
        """Whether this is a request for a change stream."""
        return scope["method"] == "GET" and PATHS.match(scope["path"]) is not None

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the caller leaves, its key is no longer good, or the server ends; else let the view say why."""
        found = PATHS.match(scope["path"])
        environment, shape = found.groups() if found else ("", "")
        digest = _digest(scope, environment, ofrep=shape != STREAM)
        facts = await self._memory.key(digest) if digest else None
        if digest is None or facts is None or await self._memory.find(digest, environment) is None:
            await self._view(scope, receive, send)
            return
        again = AGAIN if shape == STREAM else {**AGAIN, **ORIGINS}
        if self._ending or len(self._listeners) >= MOST:
            await send_problem(send, Unavailable("No more apps can listen here now.", headers=again))
        elif text := self._too_many(facts):
            await send_problem(send, RateLimited(text, headers=again))
        else:
            told = header(scope, b"last-event-id").decode("latin-1")
            await self._listen(_Listener(digest, facts, environment, told), shape, receive, send)

    def _too_many(self, facts: KeyFacts) -> str:
        """Why this key may open no more; empty when it may."""
        if self._by_key[facts.id] >= MOST_A_KEY:
            return f"{MOST_A_KEY:,} streams are open here with this API key; more are not served."
        if self._by_project[facts.project_id] >= MOST_A_PROJECT:
            return f"{MOST_A_PROJECT:,} streams are open here with keys of this project; more are not served."
        return ""

    async def _listen(self, listener: _Listener, shape: str, receive: Receive, send: Send) -> None:
        self._listeners.add(listener)
        self._by_key[listener.key[1]] += 1
        self._by_project[listener.place[0]] += 1
        leaving = asyncio.ensure_future(_leave(listener, receive))
        try:
            headers = HEADERS if shape == STREAM else [*HEADERS, (b"access-control-allow-origin", b"*")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._write(listener, shape, send)
            if not listener.gone:
                with suppress(Exception):
                    await asyncio.wait_for(send({"type": "http.response.body", "body": b"", "more_body": False}), 1)
        except (TimeoutError, OSError):
            return  # does not read, or is gone
        finally:
            leaving.cancel()
            self._listeners.discard(listener)
            self._by_key -= Counter((listener.key[1],))
            self._by_project -= Counter((listener.place[0],))

    async def _write(self, listener: _Listener, shape: str, send: Send) -> None:
        """Say what is served, then each time that it is something else; a comment when nothing was said for a while."""
        chunk = RETRY
        while not (listener.gone or self._ending):
            listener.wake.clear()
            facts = await self._memory.key(listener.key[0])
            if facts is None or not facts.opens(listener.environment):
                return
            answer = await self._memory.served(listener.place, patience=None)
            if answer is None:
                return
            served = identity(answer.ready)
            if listener.again or served != listener.told:
                listener.told, listener.again = served, False
                chunk += message(answer.ready, shape)
            if chunk:
                async with asyncio.timeout(SEND_PATIENCE):
                    await send(_body(chunk))
            quiet = await listener.news(max(0.0, min(HEARTBEAT, facts.expires - time.time())))
            chunk = BEAT if quiet else b""

    def hear(self, news: dict[str, Any]) -> None:
        """A notification of `events.live`, after the memory has heard it: wake those whom it may concern."""
        kind: str = news["kind"]
        if kind.startswith(SERVED):
            for place in {one.place for one in self._listeners if one.place[0] == news["project"]}:
                task = asyncio.ensure_future(self._changed(place))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        elif kind == "api_key.revoked":
            self._wake(one for one in self._listeners if str(one.key[1]) == news["subject"]["id"])

    async def _changed(self, place: tuple[int, str]) -> None:
        """Look up what is served once, then wake those who listen there: so none of them has to wait for it."""
        try:
            await self._memory.served(place, patience=None)
        finally:
            self._wake(one for one in self._listeners if one.place == place)

    def doubt(self) -> None:
        """Notifications may have been missed: everybody is told again what is served."""
        for listener in self._listeners:
            listener.again = True
        self._wake(self._listeners)

    def shut(self) -> None:
        """End every stream and open no more, as at shutdown."""
        self._ending = True
        self._wake(self._listeners)

    @staticmethod
    def _wake(listeners: Any) -> None:
        for listener in listeners:
            listener.wake.set()


def _body(chunk: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": chunk, "more_body": True}


async def _leave(listener: _Listener, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.gone = True
    listener.wake.set()


def _digest(scope: Scope, environment: str, *, ofrep: bool) -> bytes | None:
    """The hash of the caller's token: from its header or, for browsers that can send none, from a ticket."""
    digest = token_of(scope, ofrep=ofrep)
    if digest is None and ofrep:
        ticket = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])[0]
        return tickets.read(ticket, environment)
    return digest
