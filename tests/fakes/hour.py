"""An hour in the life of an app, in simulated time: the SDK's own code between a virtual clock and a network of faults.

    counts = Hour(seed=1, folder=tmp_path).live()
    assert counts.failed == 0

Time, the network and the disk's fullness are played; everything of the client that is not waiting is the real thing.
The refreshing thread is stepped: each `fetch` says when the next one is due.
"""

import errno
import gzip
import json
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx

from tests.fakes.variorum_server import KEY, bundle_bytes, commit_rule, ruled_bytes
from variorum_client import Client, connection, live, telling
from variorum_client.bundle import bundle_hash, canonical_bytes
from variorum_client.cache import DiskCache
from variorum_client.connection import Connection
from variorum_client.live import LiveBundle

SECONDS = 3600.0
CANDIDATE = "f" * 40
PRO = {"==": [{"var": "plan"}, "pro"]}
CONTEXTS = [None, {"targetingKey": "u1", "plan": "pro"}, {"targetingKey": "u2", "plan": "free"}, {"odd": object()}]


@dataclass
class Counts:
    """What happened in the hour."""

    reads: int = 0
    failed: int = 0
    errors: Counter[str] = field(default_factory=Counter)  # of failed reads, by their text
    faults: Counter[str] = field(default_factory=Counter)  # exchanges by what the network did
    fetches: int = 0
    failures: int = 0
    updates: int = 0
    deploys: int = 0
    disk_failures: int = 0
    forks: int = 0
    restarts: int = 0
    jumps: int = 0
    lines: int = 0  # written to the app's log
    stale: int = 0  # reads of an old commit although the server had been well for two minutes
    lag: float = 0.0  # seconds from a deploy to its use, the longest while the server was well


class Hour:
    """One run. `seed` settles everything but the client's own jitter."""

    def __init__(self, *, seed: int, folder: Path, refresh: float = 30.0, step: float = 0.25) -> None:
        """`step`: the app reads four things every so many seconds."""
        self.random, self.folder, self.refresh, self.step = random.Random(seed), folder, refresh, step
        self.now, self.skew = 1000.0, 0.0
        self.counts = Counts()
        self.fault, self.until = "well", 1020.0
        self.well_since = 0.0
        self.full = False
        self.due = 0.0
        self.commits: list[tuple[float, str]] = []
        self._deploy()

    # --- the world

    def _deploy(self) -> None:
        """Another commit is live, half the time with a rule."""
        number = len(self.commits)
        commit, text = f"{number:040x}", f"Text {number} {{{{name}}}}"
        self.commits.append((self.now, commit))
        if number % 2:
            flags = {"pros": commit_rule({"new": CANDIDATE}, {"if": [PRO, "new", None]}), "on": _flag(number % 4 == 1)}
            self.body = ruled_bytes(flags, {CANDIDATE: "Candidate {{name}}"}, text).replace(b"a" * 40, commit.encode())
        else:
            self.body = bundle_bytes(text, commit)
        self.body = _sealed(self.body)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the network does with an exchange now."""
        self.counts.faults[self.fault] += 1
        self.now += 0.02
        play: Callable[[httpx.Request], httpx.Response] = getattr(self, f"_{self.fault}", self._well)
        return play(request)

    def _well(self, request: httpx.Request) -> httpx.Response:
        tag = '"' + _hash(self.body) + '"'
        if request.headers.get("if-none-match") == tag:
            return httpx.Response(304, headers={"etag": tag})
        return httpx.Response(200, content=self.body, headers={"etag": tag})

    def _dead(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    def _reset(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset by peer", request=request)

    def _silent(self, request: httpx.Request) -> httpx.Response:
        self.now += 10.0
        raise httpx.ReadTimeout("nothing came", request=request)

    def _byte_a_second(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=self._drip(self.body))

    def _drip(self, body: bytes) -> Iterator[bytes]:
        for place in range(len(body)):
            self.now += 1.0
            yield body[place : place + 1]

    def _cut(self, request: httpx.Request) -> httpx.Response:
        def pieces() -> Iterator[bytes]:
            yield self.body[: len(self.body) // 2]
            raise httpx.RemoteProtocolError("peer closed", request=request)

        return httpx.Response(200, content=pieces())

    def _half(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=self.body[: len(self.body) // 2])

    def _garbage(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=self.random.randbytes(500))

    def _portal(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"<html>Please sign in.</html>", headers={"etag": '"portal"'})

    def _altered(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=self.body.replace(b"Text", b"Lies"))

    def _not_gzip(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(b"plain"), headers={"content-encoding": "gzip"})

    def _bomb(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(_packed()), headers={"content-encoding": "gzip"})

    def _huge(self, request: httpx.Request) -> httpx.Response:
        piece = b"x" * 1_000_000
        return httpx.Response(200, content=(piece for _ in range(100)))

    def _elsewhere(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=bundle_bytes("Other", environment="staging"))

    def _lying_304(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(304)

    def _later_format(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=self.body.replace(b'"format":1', b'"format":9'))

    def _redirect(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"location": "http://127.0.0.1:1/login"})

    def _refused_401(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"code": "not_authenticated", "detail": "The key has expired."})

    def _refused_403(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, json={"code": "wrong_environment", "detail": "Not with this key."})

    def _gone_404(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(404)

    def _busy_429(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": "20"})

    def _broken_500(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(500, content=b'{"detail": ' + b"[" * 5000)

    def _down_503(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(503, headers={"retry-after": "x"})

    # --- the hour

    def live(self) -> Counts:
        """Live through it."""
        clock = SimpleNamespace(monotonic=lambda: self.now, time=lambda: 1.8e9 + self.now + self.skew)
        transport = httpx.MockTransport(self.answer)
        lines = _Lines(self.counts)
        logger = logging.getLogger("variorum")
        with ExitStack() as stack, httpx.Client(transport=transport) as http:
            for module in (connection, live, telling):
                stack.enter_context(patch.object(module, "time", clock))
            stack.enter_context(patch.object(time, "time", clock.time))
            stack.enter_context(patch.object(Connection, "_client", lambda _: http))
            stack.enter_context(patch.object(Connection, "close", lambda _: None))
            stack.enter_context(patch.object(LiveBundle, "_start", lambda bundle: self._start(bundle)))
            stack.enter_context(patch.object(DiskCache, "store", self._store(DiskCache.store)))
            stack.callback(logger.removeHandler, lines)
            logger.addHandler(lines)
            self._run()
        return self.counts

    def _start(self, bundle: LiveBundle) -> bool:
        self.due = self.now + bundle.fetch()
        bundle._tried.set()
        return True

    def _store(self, real: Callable[[DiskCache, bytes], None]) -> Callable[[DiskCache, bytes], None]:
        def store(cache: DiskCache, body: bytes) -> None:
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(cache, body)

        return store

    def _client(self) -> Client:
        return Client("http://variorum.test", KEY, cache_dir=self.folder, refresh=self.refresh, stream=False)

    def _run(self) -> None:
        end, sdk = self.now + SECONDS, self._client()
        news: float | None = None
        while self.now < end:
            self.now += self.step
            chance = self.random.random()
            if self.now > self.until:
                self._turn()
            if chance < self.step / 40:
                self._deploy()
                self.counts.deploys += 1
                news = self.now + self.random.uniform(0, 0.3)
            elif chance > 1 - self.step / 60:
                sdk = self._shake(sdk)
            self._read(sdk)
            if news is not None and self.now >= news and self.fault == "well":
                sdk._live.expect(_hash(self.body))
                news = None
            if self.now >= self.due or sdk._live._now.is_set():
                sdk._live._now.clear()
                self.due = self.now + sdk._live.fetch()
        self._close(sdk)

    def _turn(self) -> None:
        """Another fault, or none; a spell lasts some seconds."""
        before = self.fault
        self.fault = "well" if before != "well" and self.random.random() < 0.4 else self.random.choice(FAULTS)
        self.until = self.now + self.random.expovariate(1 / 15)
        if before != "well" and self.fault == "well":
            self.well_since = self.now
            self.until += self.random.choice([0, 0, 150])
        self.full = self.random.random() < 0.2

    def _shake(self, sdk: Client) -> Client:
        """The clock jumps, the process forks, or the app is started again."""
        what = self.random.randrange(3)
        if what == 0:
            self.counts.jumps += 1
            self.skew = self.random.choice([-1e9, -3600.0, 0.0, 3600.0, 1e9])
        elif what == 1:
            self.counts.forks += 1
            sdk._after_fork()
        else:
            self.counts.restarts += 1
            self._close(sdk)
            return self._client()
        return sdk

    def _close(self, sdk: Client) -> None:
        stats = sdk.stats
        for name in ("fetches", "failures", "updates", "disk_failures"):
            setattr(self.counts, name, getattr(self.counts, name) + getattr(stats, name))
        sdk.close()

    def _read(self, sdk: Client) -> None:
        context = self.random.choice(CONTEXTS)
        for read in (
            lambda: sdk.prompt("hello", context).messages({"name": "Ada"}),
            lambda: sdk.config("limits", context)["rate"],
            lambda: sdk.flag("on", False, context),
            lambda: sdk.prompt("hello").openai({"name": "Ada"}),
        ):
            self.counts.reads += 1
            try:
                read()
            except Exception as error:
                self.counts.failed += 1
                self.counts.errors[f"{type(error).__name__}: {error}"] += 1
        self._look(sdk)

    def _look(self, sdk: Client) -> None:
        """How old is what is read, while the server is well?"""
        if self.fault != "well" or sdk.stats.commit is None:
            return
        at, newest = self.commits[-1]
        if sdk.stats.commit == newest:
            return
        waited = self.now - max(at, self.well_since)
        self.counts.lag = max(self.counts.lag, waited)
        self.counts.stale += waited > 120


FAULTS = [
    "well",
    *sorted(
        name[1:]
        for name, thing in vars(Hour).items()
        if name[:1] == "_" and thing.__class__.__name__ == "function" and "httpx.Response" in str(thing.__annotations__)
        if name != "_well"
    ),
]


@cache
def _packed() -> bytes:
    return gzip.compress(b"0" * 100_000_000, 1)


class _Lines(logging.Handler):
    def __init__(self, counts: Counts) -> None:
        super().__init__()
        self.counts = counts

    def emit(self, record: logging.LogRecord) -> None:
        """Count it."""
        self.counts.lines += 1


def _flag(on: bool) -> dict[str, Any]:
    return {"state": "ENABLED", "variants": {"a": True, "b": False}, "defaultVariant": "a" if on else "b"}


def _sealed(body: bytes) -> bytes:
    """The document with the hash that belongs to it."""
    data = json.loads(body)
    return canonical_bytes({**data, "hash": bundle_hash(body)})


def _hash(body: bytes) -> str:
    return str(json.loads(body)["hash"])
