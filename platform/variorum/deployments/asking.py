"""The fast lane of evaluation: OFREP's questions and our own, answered on the event loop from the compiled delivery.

It takes microseconds and no thread. What could take long does not stay on the loop: prompts are rendered in threads,
and so is everything that rules answer which were once slow. What the lane does not answer itself (no good key, nothing
deployed, a body of another kind) the ordinary views do, which share everything else (`ofrep`, `evaluation`).
"""

import asyncio
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import parse_qs

from variorum.deployments import evaluation, ofrep, tickets
from variorum.deployments.evaluation import Reply
from variorum.deployments.lane import Answer, RuntimeLane, token_of
from variorum.deployments.ofrep_api import OFREP_HEADERS, stream_address
from variorum.deployments.runtime import HEADERS, identity
from variorum.lib.asgi import (
    App,
    Disconnected,
    Receive,
    Scope,
    Send,
    joined,
    pieces,
    send_problem,
    send_too_slow,
)
from variorum.lib.errors import Invalid
from variorum_client.delivery import Delivery

PATHS = re.compile(
    r"^(?:/api/v1/runtime/(?P<environment>[^/]+))?/"
    r"(?P<door>evaluate|ofrep/v1/evaluate/flags)(?:/(?P<key>.+))?$",
    re.DOTALL,
)
SLOW = 0.005  # seconds of the processor after which a delivery's next questions are answered in threads
ASIDE = 100  # how many; so one long pause of another cause does no lasting harm
THREADS = 4
_COMMON = [
    (b"x-content-type-options", b"nosniff"),
    *((name.lower().encode(), value.encode()) for name, value in HEADERS.items()),
]
_OFREP = [*_COMMON, *((name.lower().encode(), value.encode()) for name, value in OFREP_HEADERS.items())]


class AskingLane:
    """One per web process."""

    def __init__(self, memory: RuntimeLane, view: App) -> None:
        self._memory, self._view = memory, view
        self._slow: dict[str, int] = {}
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="asking")

    @staticmethod
    def wants(scope: Scope) -> bool:
        """A POST of JSON of a known and bearable length to one of the doors."""
        if scope["method"] != "POST" or not scope["path"].startswith(("/api/v1/runtime/", "/ofrep/")):
            return False
        found = PATHS.match(scope["path"])
        if found is None or (found["door"] == "evaluate" and (found["key"] or not found["environment"])):
            return False
        sent = dict(scope["headers"])
        length = sent.get(b"content-length", b"")
        return (
            sent.get(b"content-type", b"").startswith(b"application/json")
            and not sent.get(b"content-encoding")
            and not sent.get(b"transfer-encoding")
            and length.isdigit()
            and len(length) < 10
            and 0 < int(length) <= evaluation.MAX_BODY
        )

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or let the view answer."""
        found = PATHS.match(scope["path"])
        if found is None:
            raise AssertionError("ask `wants` first")
        ours = found["door"] == "evaluate"
        digest = token_of(scope, ofrep=not ours)
        environment = found["environment"] or await self._only(digest)
        answer = await self._memory.find(digest, environment) if digest and environment else None
        if digest is None or environment is None or answer is None:
            await self._view(scope, receive, send)
            return
        answer = await self._fresh(scope, digest, environment, answer)
        try:
            body = b"".join([piece async for piece in pieces(receive)])
            delivery = await self._memory.delivery(answer)
            if ours:
                reply = await self._evaluate(delivery, body)
            else:
                work = self._ofrep(delivery, found["key"], body, scope, digest, environment)
                reply = await self._work(delivery, work)
        except Disconnected:
            await send_too_slow(send)
            return
        except Invalid as fault:
            await send_problem(send, fault)
            return
        await _send(send, reply, _COMMON if ours else _OFREP)

    async def _only(self, digest: bytes | None) -> str | None:
        """The environment of a key that is bound to exactly one."""
        facts = await self._memory.key(digest) if digest else None
        return next(iter(facts.environments)) if facts and len(facts.environments) == 1 else None

    async def _fresh(self, scope: Scope, digest: bytes, environment: str, answer: Answer) -> Answer:
        """What is served, looked up again when the caller heard of something else than this process knows."""
        if b"flagConfigEtag" not in scope["query_string"]:
            return answer
        told = parse_qs(scope["query_string"].decode("latin-1")).get("flagConfigEtag", [""])[0].strip('"')
        facts = await self._memory.key(digest)
        if not told or told == identity(answer.ready) or facts is None:
            return answer
        return await self._memory.newest((facts.project_id, environment)) or answer

    async def _evaluate(self, delivery: Delivery, body: bytes) -> Reply:
        asked = evaluation.read(body)
        work = partial(_evaluated, delivery, asked)
        if asked.variables is not None:
            return await asyncio.get_running_loop().run_in_executor(self.threads, work)
        return await self._work(delivery, work)

    @staticmethod
    def _ofrep(
        delivery: Delivery, key: str | None, body: bytes, scope: Scope, digest: bytes, environment: str
    ) -> Callable[[], Reply]:
        if key is not None:
            return partial(ofrep.one, delivery, key, body)
        address = stream_address(environment, tickets.issue(digest, environment))
        return partial(ofrep.every, delivery, body, joined(scope, b"if-none-match"), address)

    async def _work(self, delivery: Delivery, work: Callable[[], Reply]) -> Reply:
        """Do it here when it is quick, which it is but for rules with loops over long lists.

        What took long by the clock may have had to wait for a busy machine, so the next question is answered in a
        thread and its processor time counts, which costs more to ask for.
        """
        left = self._slow.get(delivery.hash, 0)
        if not left:
            began = time.perf_counter()
            reply = work()
            if time.perf_counter() - began > SLOW:
                if len(self._slow) > 1_000:
                    self._slow.clear()
                self._slow[delivery.hash] = 1
            return reply
        reply, seconds = await asyncio.get_running_loop().run_in_executor(self.threads, _timed, work)
        if seconds > SLOW:
            self._slow[delivery.hash] = ASIDE
        elif left > 1:
            self._slow[delivery.hash] = left - 1
        else:
            self._slow.pop(delivery.hash, None)
        return reply


def _timed(work: Callable[[], Reply]) -> tuple[Reply, float]:
    began = time.thread_time()
    return work(), time.thread_time() - began


def _evaluated(delivery: Delivery, asked: evaluation.Asked) -> Reply:
    return Reply(200, evaluation.dumps(evaluation.answer(delivery, asked)), {})


async def _send(send: Send, reply: Reply, common: list[tuple[bytes, bytes]]) -> None:
    headers = [*common, *((name.encode(), value.encode()) for name, value in reply.headers.items())]
    if reply.status != 304:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})
