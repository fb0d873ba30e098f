"""An hour in the life of an app: the SDK's own code and threads between a virtual clock and a network of faults.

    counts = Hour(seed=1, folder=tmp_path).live()
    assert counts.failed == 0

Time, the network and the fullness of the disk are played (world.py, network.py); everything else is the real thing:
the threads that refresh, listen and send logs, httpx, the copies on disk, and for `asynchronous` an event loop.
"""

import asyncio
import errno
import logging
import os
import random
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx

from tests.fakes.network import KINDS, MAX_BYTES, QUIET, Network
from tests.fakes.variorum_server import KEY, bundle_bytes, commit_rule, ruled_bytes
from tests.fakes.world import World
from variorum_client import (
    AsyncClient,
    Client,
    cache,
    calls,
    client,
    connection,
    ids,
    live,
    logs,
    stats,
    stream,
    telling,
    threads,
    watch,
)

CANDIDATE = "f" * 40
PRO = {"==": [{"var": "plan"}, "pro"]}
CONTEXTS = [None, {"targetingKey": "u1", "plan": "pro"}, {"targetingKey": "u2", "plan": "free"}, {"odd": object()}]
CAPACITY = 600  # logs; the SDK's own bound would not be reached in an hour
PATIENCE = 240.0  # reads of an old commit are counted after so many seconds during which the server was well
MODULES = (cache, calls, client, connection, ids, live, logs, stats, stream, telling, threads, watch)


@dataclass
class Counts:
    """What happened in the hour."""

    reads: int = 0
    failed: int = 0
    errors: Counter[str] = field(default_factory=Counter)  # of failed reads and logs, by their text
    waited: float = 0.0  # seconds that a read took although something was known, at most
    blocked: float = 0.0  # seconds that a call of log() took, or that the event loop stood still, at most
    met: Counter[str] = field(default_factory=Counter)  # exchanges by what they met
    busiest: dict[str, int] = field(default_factory=dict)  # exchanges in the busiest minute, by kind
    fetches: int = 0
    failures: int = 0
    updates: int = 0
    stream_opened: int = 0
    stream_events: int = 0
    stream_failures: int = 0
    disk_failures: int = 0
    logs: int = 0
    logs_sent: int = 0
    logs_duplicate: int = 0
    logs_dropped: int = 0
    logs_rejected: int = 0
    log_failures: int = 0
    logs_lost: int = 0  # in memory when the process was killed, or the parent's at a fork
    uncounted: int = 0  # logs that no counter of the client tells of, or that are missing and were not counted as lost
    deploys: int = 0
    starts: Counter[str] = field(default_factory=Counter)  # by where the first document came from
    ends: Counter[str] = field(default_factory=Counter)  # of processes
    shakes: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)  # in the app's log, by their text without names
    stale: int = 0
    lag: float = 0.0  # seconds from a deploy to its use while the stream was open and all was well, at most


class Hour:
    """One run, which `seed` settles."""

    def __init__(
        self,
        *,
        seed: int,
        folder: Path,
        seconds: float = 3600.0,
        step: float = 0.25,
        spell: float = 15.0,
        asynchronous: bool = False,
    ) -> None:
        """`step`: the app reads and logs every so many seconds; `spell`: how long a fault lasts on average."""
        self.random, self.folder, self.seconds, self.step, self.spell = (
            random.Random(seed),
            folder,
            seconds,
            step,
            spell,
        )
        self.asynchronous = asynchronous
        self.world = World()
        self.net = Network(self.world, seed)
        self.counts = Counts()
        self.until = dict.fromkeys(KINDS, self.world.now + 20.0)
        self.live_since = self.old_for = 0.0
        self.full_until = self.threads_until = self.paused = 0.0
        self.made: set[str] = set()  # the logs of the process that runs now
        self.given: set[str] = set()
        self.behind = 0  # logs of this process that stayed with its parent
        self.number = -1
        self.fallback = folder / "fallback.json"
        self.fallback.write_bytes(bundle_bytes("Shipped {{name}}", "e" * 40))
        self._deploy()

    def _deploy(self) -> None:
        """Another commit is live, half the time with a rule."""
        self.number += 1
        number, text = self.number, f"Text {self.number} {{{{name}}}}"
        self.commit = f"{number:040x}"
        if number % 2:
            flags = {"pros": commit_rule({"new": CANDIDATE}, {"if": [PRO, "new", None]}), "on": _flag(number % 4 == 1)}
            body = ruled_bytes(flags, {CANDIDATE: "Candidate {{name}}"}, text).replace(b"a" * 40, self.commit.encode())
        else:
            body = bundle_bytes(text, self.commit)
        self.net.serve(body)
        self.live_since = self.world.now
        self.listened = False

    # --- the world around the client

    def live(self) -> Counts:
        """Live through it."""
        lines = _Lines(self.counts.lines)
        logger = logging.getLogger("variorum")
        played = partial(httpx.Client, transport=self.net.transport)
        with ExitStack() as stack:
            stack.enter_context(self.world.over(*MODULES))
            stack.enter_context(patch.object(connection, "httpx", _Like(httpx, Client=played)))
            stack.enter_context(patch.object(cache, "os", _Like(os, fsync=self._fsync)))
            stack.enter_context(patch.object(client, "datetime", _moment(self.world)))
            stack.enter_context(patch.object(logs, "CAPACITY", CAPACITY))
            stack.enter_context(patch.object(connection, "MAX_ANSWER_BYTES", MAX_BYTES))
            stack.callback(random.setstate, random.getstate())
            random.seed(self.net.random.random())  # the SDK's own jitter
            stack.callback(logger.removeHandler, lines)
            logger.addHandler(lines)
            if self.asynchronous:
                self.world.run_async(self._run)
            else:
                self.world.run(lambda: _through(self._run()))
        self.counts.met = self.net.met
        self.counts.busiest = {kind: max([n for (k, _), n in self.net.minutes.items() if k == kind]) for kind in KINDS}
        self._settle()
        return self.counts

    def _fsync(self, handle: int) -> None:
        if self.world.now < self.full_until:
            raise OSError(errno.ENOSPC, "No space left on device")

    def _settle(self) -> None:
        """Is every log that was not stored counted as lost, and every one of the others sent once?"""
        if self.world.crashes:
            raise self.world.crashes[0]
        counts = self.counts
        missing = len(self.given - self.net.stored)
        counts.uncounted += max(0, missing - counts.logs_dropped - counts.logs_rejected - counts.logs_lost)
        counts.uncounted += max(0, counts.logs_sent - len(self.net.stored))

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds) if self.asynchronous else self.world.sleep(seconds)

    # --- the app

    async def _run(self) -> None:
        end, sdk = self.world.now + self.seconds, self._start()
        ticking = asyncio.create_task(self._tick()) if self.asynchronous else None
        await self._read(sdk)
        self._began(sdk)
        while self.world.now < end:
            await self._sleep(self.step)
            self._turn()
            chance = self.random.random()
            if chance < self.step / 40:
                self.counts.deploys += 1
                self._deploy()
            elif chance > 1 - self.step / (6 * self.spell):
                sdk = await self._shake(sdk)
            await self._reads(sdk)
            self._log(sdk, self.random.choice([0, 1, 1, 2]) if chance < 0.995 else CAPACITY)
            self._look(sdk)
        await self._end(sdk, "closed")
        if ticking is not None:
            ticking.cancel()

    async def _tick(self) -> None:
        """Does the event loop stand still?"""
        while True:
            before = self.world.now
            await asyncio.sleep(0.05)
            if before > max(self.paused, self.threads_until):  # without threads a first read is made in the loop
                self.counts.blocked = max(self.counts.blocked, self.world.now - before - 0.05)

    def _start(self) -> Any:
        face = AsyncClient if self.asynchronous else Client
        self.made, self.behind = set(), 0
        return face("http://variorum.test", KEY, cache_dir=self.folder / "cache", fallback=self.fallback)

    def _began(self, sdk: Any) -> None:
        self.counts.starts[sdk.stats.origin] += 1

    def _turn(self) -> None:
        """Another fault for what has had its spell, or none."""
        for kind in KINDS:
            if self.world.now < self.until[kind]:
                continue
            fault = self.net.fault[kind] = self.net.deal(kind)
            self.until[kind] = self.world.now + self.random.expovariate(1 / self.spell)
            if fault == "well":
                self.until[kind] += self.random.choice([0, 0, self.spell * 10])
        if self.random.random() < self.step / (6 * self.spell):
            self.full_until = self.world.now + self.random.expovariate(1 / self.spell)
        self.world.no_threads = self.world.now < self.threads_until

    # --- what happens to processes and clocks

    async def _shake(self, sdk: Any) -> Any:
        what = self.random.choice(["clock", "pause", "closed", "killed", "exit", "fork"])
        self.counts.shakes[what] += 1
        if what == "clock":
            self.world.skew = self.random.choice([-1e9, -3600.0, 0.0, 3600.0, 1e9])
        elif what == "pause":  # a machine that slept: nothing ran, and everything is overdue
            self.world.now += self.random.uniform(30, 300)
            self.paused = self.world.now
        elif what == "fork" and not self.asynchronous:
            self._fork(sdk)
        else:
            await self._end(sdk, "killed" if what == "killed" else "closed")
            self._damage()
            self._few_threads()
            self.old_for = 0.0
            if self.random.random() < 0.5:
                self.until["bundle"] = self.world.now
                self._turn()
            sdk = self._start()
            await self._reads(sdk)
            self._began(sdk)
        return sdk

    def _few_threads(self) -> None:
        """Now and then a process starts on a machine that has no more threads for some seconds."""
        if self.random.random() < 0.25:
            self.counts.shakes["no threads"] += 1
            self.threads_until = self.world.now + self.spell / 2
            self.world.no_threads = True

    def _fork(self, sdk: Client) -> None:
        """The process goes on as its own child: no threads, and the logs of its parent are not its own."""
        self.behind += sdk.stats.logs_queued
        self.world.kill()
        sdk._after_fork()

    async def _end(self, sdk: Any, how: str) -> None:
        self.counts.ends[how] += 1
        if how == "closed":
            done = sdk.close(self.random.choice([0.0, 0.5, 5.0]))
            await done if self.asynchronous else None
        self.world.kill()
        inner = sdk.sync if self.asynchronous else sdk
        client._clients.discard(inner)
        self._account(inner.stats)

    def _account(self, found: stats.Stats) -> None:
        for name in vars(self.counts):
            if hasattr(found, name):
                setattr(self.counts, name, getattr(self.counts, name) + getattr(found, name))
        lost = found.logs_queued + self.behind
        self.counts.logs_lost += lost
        counted = found.logs_sent + found.logs_dropped + found.logs_rejected + lost
        self.counts.uncounted += abs(len(self.made) - counted)

    def _damage(self) -> None:
        """What may have become of the copy on disk before the next start."""
        for path in (self.folder / "cache").glob("bundle-*"):
            if path.is_dir():
                shutil.rmtree(path)
                continue
            body = path.read_bytes()
            what = self.random.choice([*["nothing"] * 6, "cut", "noise", "altered", "gone", "unreadable", "other"])
            self.counts.shakes[f"disk {what}"] += 1
            if what in ("gone", "unreadable"):
                path.unlink()
            if what == "unreadable":
                path.mkdir()
            put = {"cut": body[: len(body) // 2], "noise": self.random.randbytes(300), "other": b"{}"}
            put["altered"] = body.replace(b"name", b"nmae")
            if what in put:
                path.write_bytes(put[what])

    # --- what the app does

    async def _reads(self, sdk: Any) -> None:
        if self.asynchronous:
            await asyncio.gather(self._read(sdk), self._read(sdk))
        else:
            await self._read(sdk)

    async def _read(self, sdk: Any) -> None:
        context = self.random.choice(CONTEXTS)
        known = sdk.stats.commit is not None
        for read in (
            lambda: _done(sdk.prompt("hello", context), lambda prompt: prompt.messages({"name": "Ada"})),
            lambda: _done(sdk.config("limits", context), lambda config: config["rate"]),
            lambda: _done(sdk.flag("on", False, context), lambda flag: flag),
            lambda: _done(sdk.prompt("hello"), lambda prompt: prompt.openai({"name": "Ada"})),
        ):
            before = self.world.now
            self.counts.reads += 1
            await self._try(read)
            if known and not self.asynchronous:
                self.counts.waited = max(self.counts.waited, self.world.now - before)

    async def _try(self, do: Callable[[], Awaitable[Any]]) -> None:
        try:
            await do()
        except Exception as error:
            self.counts.failed += 1
            self.counts.errors[f"{type(error).__name__}: {error}"] += 1

    def _log(self, sdk: Any, many: int) -> None:
        before = self.world.now
        for _ in range(many):
            given: Any = {"variables": {"name": "Ada"}} if self.random.random() < 0.999 else 7
            number = sdk.log(prompt="hello", input=given, output=str(self.counts.logs), latency_ms=12.0)
            self.made.add(number)
            self.given.add(number)
            self.counts.logs += 1
        self.counts.blocked = max(self.counts.blocked, self.world.now - before)

    def _look(self, sdk: Any) -> None:
        """How old is what is read, while the server is well?"""
        found = sdk.stats
        if any(self.net.fault[kind] != "well" for kind in ("bundle", "stream")) or not found.streaming:
            self.listened = False
        elif self.world.now == self.live_since:
            self.listened = True
        if found.commit == self.commit:
            self.old_for, self.listened = 0.0, False
        elif self.net.fault["bundle"] == "well" and self.net.fault["stream"] not in QUIET:
            self.old_for += self.step
            self.counts.stale += self.old_for > PATIENCE
            if self.listened:
                self.counts.lag = max(self.counts.lag, self.world.now - self.live_since)


class _Like(SimpleNamespace):
    """A module with some of its names replaced."""

    def __init__(self, module: Any, **names: Any) -> None:
        super().__init__(**names)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_module"], name)


class _Lines(logging.Handler):
    def __init__(self, lines: Counter[str]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Count it."""
        text = record.msg if "%s (" not in record.msg and record.msg != "%s" else str((record.args or [""])[0])
        self.lines[" ".join(text.split()[:4])] += 1


def _moment(world: World) -> type[datetime]:
    class Moment(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.fromtimestamp(world.wall(), tz)

    return Moment


def _through(run: Awaitable[None]) -> None:
    """Run a coroutine that never has to be awaited."""
    try:
        run.__await__().__next__()
    except StopIteration:
        return
    raise AssertionError("it waited for an event loop")


async def _done(found: Any, use: Callable[[Any], Any]) -> Any:
    """The use of what a client gives, whether it has to be awaited or not."""
    return use(await found if asyncio.iscoroutine(found) else found)


def _flag(on: bool) -> dict[str, Any]:
    return {"state": "ENABLED", "variants": {"a": True, "b": False}, "defaultVariant": "a" if on else "b"}
