"""The fast lane of the runtime bundle: ready bytes from this process's memory.

It answers one thing, a known key with the scope `runtime` asking for a deployed environment. Everything else, with
every error, is answered by the ordinary view (`runtime.RuntimeBundleView`), so that there is one set of rules; what
the view refuses is kept for a moment, so that a wrong key in a loop costs little.

What is held here is right because
- a deployment or a revoked key is told to every process by NOTIFY, and what it concerns is looked up again;
- when notifications may have been missed (the listener's connection was lost), nothing is served unseen;
- whatever is older than `TTL` is looked up again, as a belt;
- a key's expiry is compared with the clock at every request.

While the database is away the last known bundle goes on being served to the keys that are known here: an app's fetch
must not fail because a database restarts. A key that is known to be revoked or expired is never served.
"""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections
from django.db.models import Q
from django.utils import timezone

from variorum.accounts.authentication import SHAPE, live_key, strangers
from variorum.accounts.models import ApiKey
from variorum.accounts.roles import Scope
from variorum.accounts.strangers import UNKNOWN
from variorum.deployments import etags, serving
from variorum.deployments.runtime import HEADERS
from variorum.deployments.serving import Ready
from variorum.lib.asgi import Message, Receive, Send, header, joined
from variorum.lib.asgi import Scope as AsgiScope
from variorum.lib.errors import Unauthenticated
from variorum_client.delivery import Delivery

log = logging.getLogger(__name__)
PREFIX, SUFFIX = "/api/v1/runtime/", "/bundle"
SERVED = (
    "deployment.",
    "rules.",
    "rollout.",
    "environment.removed",
)  # kinds of events after which an environment may serve something else
TTL = 5.0
JUST = 0.05
REFUSAL_TTL = 2.0
AWAY = 1.0  # seconds until the database is asked again after it did not answer
PATIENCE = 0.25  # seconds that a caller waits for a look-up when there is something older to serve
FLUSH_SECONDS = 30.0
MOST_KEYS = 10_000
MOST_REFUSALS = 1_000
MOST_BYTES = 256_000_000
THREADS = 4
STRANGER = (b"", "")  # stands for every key that is none, in every environment
V = TypeVar("V")
App = Callable[[AsgiScope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What the lane must know of a key. `expires` is a Unix time; no `environments`: all of them."""

    id: int
    project_id: int
    expires: float
    environments: frozenset[str] = frozenset()

    def opens(self, environment: str) -> bool:
        """Whether it may act in an environment."""
        return not self.environments or environment in self.environments


@dataclass(slots=True)
class _Held(Generic[V]):
    """Something looked up, right until `until` on the monotonic clock; None: there is no such thing."""

    value: V | None
    until: float


@dataclass(slots=True)
class Answer:
    """The two messages of a 200, and those of a 304; `delivery` is the same compiled, once somebody asked for it."""

    ready: Ready
    delivery: Delivery | None = None
    full: tuple[Message, Message] = field(init=False)
    same: tuple[Message, Message] = field(init=False)

    def __post_init__(self) -> None:
        length = str(len(self.ready.body)).encode()
        common = [(b"etag", self.ready.etag), *_COMMON]
        self.full = _messages(
            200, [(b"content-type", b"application/json"), (b"content-length", length), *common], self.ready.body
        )
        self.same = _messages(304, common, b"")


def _messages(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> tuple[Message, Message]:
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": body, "more_body": False}


# What Django's middleware and DRF add to the view's answer; the parity test holds the two together.
_COMMON = [
    *((name.lower().encode(), value.encode()) for name, value in HEADERS.items()),
    (b"allow", b"GET, HEAD, OPTIONS"),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


class RuntimeLane:
    """One per web process; everything but the look-ups runs on the event loop."""

    def __init__(self, view: App) -> None:
        self._view = view
        self._keys: OrderedDict[bytes, _Held[KeyFacts]] = OrderedDict()
        self._bundles: OrderedDict[tuple[int, str], _Held[Answer]] = OrderedDict()
        self._refusals: OrderedDict[tuple[bytes, str], tuple[float, list[Message]]] = OrderedDict()
        self._loading: dict[Any, asyncio.Task[Any]] = {}
        self._bytes = 0
        self._news = 0
        self._used: set[int] = set()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lane")

    @staticmethod
    def wants(scope: AsgiScope) -> bool:
        """Whether this is a request for the lane."""
        path: str = scope["path"]
        return path.startswith(PREFIX) and path.endswith(SUFFIX) and scope["method"] in {"GET", "HEAD"}

    async def serve(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer from memory, or let the view answer."""
        environment = scope["path"][len(PREFIX) : -len(SUFFIX)]
        digest = token_of(scope)
        if digest is None:
            await self._view(scope, receive, send)
            return
        if_none_match = joined(scope, b"if-none-match")
        if self._refusals and await self._refused_lately(digest, environment, send):
            return
        answer = await self.find(digest, environment)
        if answer is None:
            await self._refuse(digest, environment, scope, receive, send)
            return
        same = if_none_match and etags.matches(if_none_match, answer.ready.etag)
        start, body = answer.same if same else answer.full
        await send(start)
        await send(body)

    async def find(self, digest: bytes, environment: str) -> Answer | None:
        """The answer for a key (the hash of its token) and an environment; None when the view has to say why not."""
        facts = await self.key(digest)
        if facts is None or not facts.opens(environment):
            return None
        answer = await self.served((facts.project_id, environment))
        if answer is not None:
            self._used.add(facts.id)
        return answer

    async def key(self, digest: bytes) -> KeyFacts | None:
        """What is known of a key that may fetch now; None for every other."""
        held = self._keys.get(digest)
        if held is None or held.until <= time.monotonic():
            held = await self._look_up(self._keys, digest, lambda: _load_key(digest))
        facts = held.value if held else None
        return None if facts is None or facts.expires <= time.time() else facts

    async def served(self, place: tuple[int, str], *, patience: float | None = PATIENCE) -> Answer | None:
        """What an environment of a project (its id and the environment's slug) serves; None for nothing.

        Something older after `patience` seconds, None: wait for what is true now as long as the database answers, also
        when others were given something older meanwhile.
        """
        held = self._bundles.get(place)
        looking = patience is None and place in self._loading
        if looking or held is None or held.until <= time.monotonic():
            load = partial(_load_answer, place, held)
            held = await self._look_up(self._bundles, place, load, patience=patience)
        return held.value if held else None

    async def newest(self, place: tuple[int, str]) -> Answer | None:
        """What is served, looked up again unless that was just done: somebody heard of something newer."""
        held = self._bundles.get(place)
        if held is not None and held.until - time.monotonic() < TTL - JUST:
            held.until = 0.0
        return await self.served(place)

    async def delivery(self, answer: Answer) -> Delivery:
        """The same compiled, in a thread when it is for the first time."""
        if answer.delivery is None:
            loop = asyncio.get_running_loop()
            answer.delivery = await loop.run_in_executor(self._threads, serving.compiled, answer.ready)
        return answer.delivery

    async def _look_up(
        self,
        held: "OrderedDict[Any, _Held[V]]",
        key: Any,
        load: Callable[[], V | None],
        *,
        patience: float | None = PATIENCE,
    ) -> _Held[V] | None:
        """What is true now, by one look-up for all who ask at once. What was true before, while the database is away
        or slow; None when there is neither."""
        task = self._loading.get(key)
        if task is None:
            task = self._loading[key] = asyncio.ensure_future(self._load(held, key, load))
            task.add_done_callback(lambda _: self._loading.pop(key, None))
        older = held.get(key)
        done, _ = await asyncio.wait({task}, timeout=patience if older and older.value else None)
        if not done and older is not None:
            older.until = max(older.until, time.monotonic() + AWAY)
        return held.get(key)

    async def _load(self, held: "OrderedDict[Any, _Held[V]]", key: Any, load: Callable[[], V | None]) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(3):  # news that came while we looked may be about this very thing
            news = self._news
            try:
                value = await loop.run_in_executor(self._threads, _with_database, load)
            except (OperationalError, InterfaceError) as exc:
                self._keep_older(held.get(key), exc)
                return
            if news == self._news:
                break
        good_for = TTL if news == self._news else 0
        self._hold(held, key, _Held(value, time.monotonic() + good_for))

    @staticmethod
    def _keep_older(older: "_Held[Any] | None", exc: Exception) -> None:
        log.warning("The database does not answer the runtime lane: %s", str(exc).strip().splitlines()[:1])
        if older is not None:
            older.until = time.monotonic() + AWAY

    def _hold(self, held: "OrderedDict[Any, _Held[V]]", key: Any, new: _Held[V]) -> None:
        old = held.pop(key, None)
        if new.value is None:  # the view says why; it is kept among the refusals
            self._weigh(old, -1)
            return
        held[key] = new
        self._weigh(old, -1)
        self._weigh(new, 1)
        while len(self._keys) > MOST_KEYS:
            self._keys.popitem(last=False)
        while self._bytes > MOST_BYTES and len(self._bundles) > 1:
            self._weigh(self._bundles.popitem(last=False)[1], -1)

    def _weigh(self, held: "_Held[Any] | None", sign: int) -> None:
        if held is not None and isinstance(held.value, Answer):
            self._bytes += sign * len(held.value.ready.body)

    async def _refuse(self, digest: bytes, environment: str, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Let the view answer; keep what it refuses for a moment. All keys that are none get the same answer."""
        messages: list[Message] = []
        news = self._news
        stranger = _is_stranger(scope, digest)
        if stranger:
            digest, environment = STRANGER
            if await self._refused_lately(digest, environment, send):
                return

        async def keep(message: Message) -> None:
            messages.append(message)
            await send(message)

        await self._view(scope, receive, keep)
        kept = {401} if stranger else {401, 403, 404}
        if messages and messages[0]["status"] in kept and news == self._news:
            self._refusals[digest, environment] = (time.monotonic() + REFUSAL_TTL, messages)
            while len(self._refusals) > MOST_REFUSALS:
                self._refusals.popitem(last=False)

    async def _refused_lately(self, digest: bytes, environment: str, send: Send) -> bool:
        """Repeat a refusal of a moment ago; False when there was none."""
        kept = self._refusals.get((digest, environment))
        if kept is None:
            return False
        if kept[0] <= time.monotonic():
            del self._refusals[digest, environment]
            return False
        for message in kept[1]:
            await send(message)
        return True

    def hear(self, news: dict[str, Any]) -> None:
        """A notification of `events.live`: forget what it concerns."""
        kind: str = news["kind"]
        if not kind.startswith((*SERVED, "api_key.")):
            return
        self._news += 1
        self._refusals.clear()
        if kind == "api_key.revoked":
            for digest in [
                d for d, held in self._keys.items() if held.value and str(held.value.id) == news["subject"]["id"]
            ]:
                del self._keys[digest]
        if kind.startswith(SERVED):
            for place, held in self._bundles.items():
                if place[0] == news["project"]:
                    held.until = 0.0

    def doubt(self) -> None:
        """Notifications may have been missed: serve nothing unseen, unless the database is away."""
        self._news += 1
        self._refusals.clear()
        for key in self._keys.values():
            key.until = 0.0
        for bundle in self._bundles.values():
            bundle.until = 0.0

    async def run(self) -> None:
        """Write down which keys were used, every half minute, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Write down which keys were used since the last time."""
        used, self._used = self._used, set()
        if not used:
            return
        now = timezone.now()
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, _with_database, lambda: _touch(used, now))
        except (OperationalError, InterfaceError):
            self._used |= used


def token_of(scope: AsgiScope, *, ofrep: bool = False) -> bytes | None:
    """The hash of the bearer token, at OFREP's doors also of X-API-Key; None when there is none, or not one alone."""
    sent = [value for name, value in scope["headers"] if name == b"authorization"]
    if ofrep and not sent:
        keys = [value for name, value in scope["headers"] if name == b"x-api-key"]
        return hashlib.sha256(keys[0]).digest() if len(keys) == 1 else None
    if len(sent) != 1 or sent[0][:7].lower() != b"bearer ":
        return None
    return hashlib.sha256(sent[0][7:]).digest()


def _is_stranger(scope: AsgiScope, digest: bytes) -> bool:
    """Whether what was sent is no key, though it looks like one; `digest` was looked up just now."""
    token = header(scope, b"authorization")[7:].decode("latin-1")
    return bool(SHAPE.fullmatch(token)) and strangers.code_of(digest.hex()) == UNKNOWN


def _with_database(call: Callable[[], V]) -> V:
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()


def _load_key(digest: bytes) -> KeyFacts | None:
    """A key that may fetch bundles: known, not revoked, with the scope, of a person who is still active."""
    try:
        key = live_key(digest.hex())
    except Unauthenticated:
        return None
    if Scope.RUNTIME not in key.scopes:
        return None
    expires = key.expires_at.timestamp() if key.expires_at else float("inf")
    return KeyFacts(key.pk, key.project_id, expires, frozenset(key.environments))


def _load_answer(place: tuple[int, str], held: "_Held[Answer] | None") -> Answer | None:
    known = held.value if held else None
    ready = serving.ready(*place, known.ready if known else None)
    if ready is None:
        return None
    return known if known and known.ready is ready else Answer(ready)


def _touch(ids: set[int], now: datetime) -> None:
    ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=now), pk__in=ids).update(last_used_at=now)
