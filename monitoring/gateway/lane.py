"""The gateway's own lane in the web process: `/v1/...`, on the event loop. A stream holds no thread.

What needs the database (who calls, which prompt, how much may be spent) is one visit to a thread before the call; the
log is written by a thread of its own after it.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import unquote

from django.conf import settings

from monitoring.gateway import admission, breaker, facts, keeping, preparing
from monitoring.gateway.asked import CHAT, EMBEDDINGS, RESPONSES
from monitoring.gateway.exchange import Exchange
from monitoring.gateway.preparing import guarded
from monitoring.gateway.recording import MOST_WAITING, Recorder
from monitoring.gateway.refusals import Refused, of_problem, shutting_down
from monitoring.gateway.upstream import MOST_CONNECTIONS, Upstreams
from variorum.accounts import strangers
from variorum.events import live
from variorum.lib import asgi
from variorum.lib.asgi import Receive, Scope, Send
from variorum.lib.errors import Problem
from variorum.lib.lanes import App

log = logging.getLogger(__name__)
ROOT = "/v1/"
POSTS = {f"{ROOT}{endpoint}": endpoint for endpoint in (CHAT, RESPONSES, EMBEDDINGS)}
MODELS = f"{ROOT}models"
THREADS = 8
SEND_SECONDS = 60.0  # for a caller who does not take what is sent, beyond the patience of the call
BEGUN = "variorum.gateway.begun"
SMALL = 1_000_000  # bytes of a body that is read before the key is looked at
T = TypeVar("T")


class GatewayLane:
    """One per web process. With `most_waiting` calls that wait to be logged, no more are made; `most_connections`
    bounds those to providers."""

    def __init__(
        self, threads: int = THREADS, most_waiting: int = MOST_WAITING, most_connections: int = MOST_CONNECTIONS
    ) -> None:
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="gateway")
        self.recorder = Recorder(most_waiting)
        self.upstreams = Upstreams(self._tell, most_connections)
        self._ending = False
        self._calls: set[asyncio.Future[None]] = set()  # those under way

    def wants(self, scope: Scope) -> bool:
        """Everything below /v1/: who is wrong there hears so in OpenAI's words."""
        path: str = scope["path"]
        return path.startswith(ROOT)

    def hear(self, news: dict[str, Any] | None) -> None:
        """Forget what a message is about; None: some may have been missed."""
        if news is None:
            facts.forget(None)
            facts.forget_keys()
        elif news["kind"] == breaker.KIND:
            breaker.hear(news["project"], news["data"])
        elif news["kind"].startswith(strangers.KINDS):
            facts.forget_keys()
        elif news["kind"].startswith(facts.KINDS):
            facts.forget(news["project"])

    def end(self) -> None:
        """The web process is told to end: new calls are refused, those under way have DRAIN_SECONDS more."""
        if not self._ending:
            self._ending = True
            asyncio.get_running_loop().call_later(settings.DRAIN_SECONDS, self._cut)

    def _cut(self) -> None:
        """Calls may go on no longer: each says so to its caller, and has its log."""
        for work in self._calls:
            work.cancel()

    def _tell(self, project_id: int, circuit: dict[str, Any]) -> None:
        """Tell every web process, and the pages, of a circuit that has opened or closed."""
        self.threads.submit(_publish, project_id, circuit)

    async def close(self) -> None:
        """Store the last logs, at the end of the process."""
        await asyncio.to_thread(self.recorder.close)
        await self.upstreams.close()

    async def serve(self, scope: Scope, receive: Receive, send: Send, django: App) -> None:
        """Answer in OpenAI's words, whatever happens."""
        try:
            await self._route(scope, receive, send)
        except Refused as refused:
            await _refuse(send, refused)
            await asgi.drain(receive)
        except Problem as problem:
            await _refuse(send, of_problem(problem))
            await asgi.drain(receive)
        except asgi.Disconnected:
            return
        except Exception:
            log.exception("A call of the gateway broke.")
            if scope.get(BEGUN):
                raise  # what was sent must not look whole
            await _refuse(send, Refused(500, "The gateway failed; its log says why.", "internal_error"))

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path in POSTS and method == "POST":
            await self._call(POSTS[path], scope, receive, send)
        elif (path == MODELS or path.startswith(f"{MODELS}/")) and method in {"GET", "HEAD"}:
            token, headers = _token(scope), dict(scope["headers"])
            name = unquote(path.removeprefix(MODELS).removeprefix("/"))
            body = await self._in_thread(lambda: preparing.models(token, headers, name))
            await _answer(send, 200, body if method == "GET" else b"", {})
        elif path in POSTS or path == MODELS:
            raise Refused(405, f"Not allowed to {method[:10]} on {path} .", "method_not_supported")
        else:
            raise Refused(404, f"Unknown request URL: {method[:10]} {path[:200]}.", "unknown_url")

    async def _call(self, endpoint: str, scope: Scope, receive: Receive, send: Send) -> None:
        token, headers = _token(scope), dict(scope["headers"])
        if self._ending:
            raise shutting_down()
        if self.recorder.full:
            wait = {"retry-after": "2"}
            raise Refused(503, "Too many calls wait to be logged. Try again in a moment.", "overloaded", headers=wait)
        raw = await self._body(scope, receive, token)
        prepared = await self._in_thread(lambda: preparing.prepare(token, endpoint, raw, headers))
        exchange = Exchange(prepared, send)
        work = asyncio.ensure_future(exchange.run(self.upstreams, prepared.asked.passed))
        gone = asyncio.ensure_future(_gone(receive))
        self._calls.add(work)
        try:
            most = prepared.plan.patience.total + SEND_SECONDS
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED, timeout=most)
            if work.cancelled():
                await exchange.stop()
            elif work.done():
                work.result()
        finally:
            self._calls.discard(work)
            scope[BEGUN] = exchange.begun
            for task in (work, gone):
                task.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)
            self.recorder.add(exchange.finished())
            if exchange.to_keep is not None:
                self.threads.submit(_keep, prepared, exchange.to_keep)

    async def _body(self, scope: Scope, receive: Receive, token: str) -> bytes:
        """The whole body, bounded. A large one is taken of known keys only."""
        length, limit = asgi.declared_length(scope), settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if length is not None and length > limit:
            raise asgi.too_large(limit)
        if length is None or length > SMALL:
            await self._in_thread(lambda: admission.caller_of(token))
        if asgi.header(scope, b"content-encoding") not in {b"", b"identity"}:
            raise Refused(415, "Send the body as it is, not compressed.", "unsupported_encoding")
        file, _ = await asgi.take_body(receive, limit)
        with file:
            return file.read()

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, lambda: guarded(call))


def _keep(prepared: preparing.Prepared, answer: keeping.Kept) -> None:
    """In a thread. An answer that is not kept is no harm."""
    try:
        keeping.keep(prepared.caller.project.pk, prepared.digest, answer, prepared.plan.cache_seconds)
    except Exception:
        log.exception("An answer could not be kept.")


def _publish(project_id: int, circuit: dict[str, Any]) -> None:
    """In a thread. That the page does not hear of it is no harm."""
    try:
        guarded(lambda: live.publish(project_id, breaker.KIND, ("gateway", circuit["name"]), circuit))
    except Exception:
        log.exception("Nobody could be told that a circuit opened or closed.")


def _token(scope: Scope) -> str:
    sent = asgi.header(scope, b"authorization")
    if sent[:7].lower() != b"bearer " or not sent[7:].strip():
        text = "You didn't provide an API key. Send it as: Authorization: Bearer vk_..."
        raise Refused(401, text, "invalid_api_key", headers={"www-authenticate": 'Bearer realm="variorum"'})
    return sent[7:].strip().decode("latin-1")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, refused: Refused) -> None:
    await _answer(send, refused.status, refused.body, refused.headers)


async def _answer(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    given = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    given += [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    given.append((b"x-content-type-options", b"nosniff"))
    await send({"type": "http.response.start", "status": status, "headers": given})
    await send({"type": "http.response.body", "body": body, "more_body": False})
