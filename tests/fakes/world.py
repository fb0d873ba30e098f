"""Virtual time for code that waits in threads: one thread runs at a time, and time passes only when all of them wait.

    world = World()
    with world.over(live, stream, logs):  # modules whose `time` and `threading` are this world's from here on
        world.run(main)

The threads are real ones that hand a baton on, so an hour with some thousand waits takes seconds and every wait is the
code's own. What is played is the clock, Event, Condition, Timer, and the moment at which a thread gets its turn.
"""

import asyncio
import selectors
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from math import inf
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

MAX_TURNS = 10_000  # without any time passing: somebody turns in circles


class Killed(BaseException):
    """The thread's process was killed."""


class World:
    """The clock and who may run. `skew` is what the wall clock is wrong by; `crashes` are errors that end a thread."""

    def __init__(self) -> None:
        self.now, self.skew = 1000.0, 0.0
        self.threads: list[_Thread] = []
        self.timers: list[_Timer] = []
        self.crashes: list[BaseException] = []
        self.no_threads = False  # the machine has no more threads
        self.turns = 0
        parts = {name: type(name[1:], (part,), {"world": self}) for name, part in _PARTS.items()}
        self.threading = SimpleNamespace(
            **{name[1:]: part for name, part in parts.items()},
            Lock=threading.Lock,
            RLock=threading.RLock,
            current_thread=lambda: self.current,
        )
        self.time = SimpleNamespace(
            monotonic=lambda: self.now,
            perf_counter=lambda: self.now,
            time=self.wall,
            time_ns=lambda: int(self.wall() * 1e9),
            sleep=self.sleep,
        )
        self.current: _Thread = self.threading.Thread(target=lambda: None)

    def wall(self) -> float:
        """Seconds since 1970, as the wall clock has them."""
        return 1.8e9 + self.now + self.skew

    @contextmanager
    def over(self, *modules: ModuleType) -> Iterator[None]:
        """Give these modules this world's time and threads."""
        with ExitStack() as stack:
            for module in modules:
                for name in ("time", "threading"):
                    if hasattr(module, name):
                        stack.enter_context(patch.object(module, name, getattr(self, name)))
            yield

    def run(self, main: Callable[[], None]) -> None:
        """Run `main` and whatever it starts; threads that are left in the end are killed."""
        self.threads = [self.current]
        try:
            main()
        finally:
            self.kill()

    def run_async(self, main: Callable[[], Any]) -> None:
        """`run` for a coroutine, in an event loop that lives in this world."""

        def inside() -> None:
            loop = _Loop(self)
            try:
                loop.run_until_complete(main())
            finally:
                loop.close()

        self.run(inside)

    def sleep(self, seconds: float) -> None:
        """Let others run for so long."""
        self.wait(lambda: False, seconds)

    def wait(self, ready: Callable[[], bool], timeout: float | None = None) -> bool:
        """Let others run until it is so, at most `timeout` seconds. Whether it is so."""
        me = self.current
        if me.killed:
            raise Killed
        if not ready():
            me.ready, me.deadline = ready, inf if timeout is None else self.now + max(timeout, 0.0)
            self.hand_on(me)
        return ready()

    def hand_on(self, me: "_Thread | None") -> None:
        """Give the turn to whoever is next; returns when it is `me` again."""
        chosen = self._next()
        if chosen is not me:
            self.current = chosen
            chosen.baton.release()
            if me is not None:
                me.baton.acquire()
        if me is not None and me.killed:
            raise Killed

    def _next(self) -> "_Thread":
        while True:
            for one in self.threads:
                if one.killed or one.deadline <= self.now or one.ready():
                    self.threads.remove(one)
                    self.threads.append(one)
                    self.turns += 1
                    assert self.turns < MAX_TURNS, f"{one.name} turns in circles"
                    return one
            self._pass()

    def _pass(self) -> None:
        """Nobody can run: go on to the next moment at which somebody can."""
        moment = min([one.deadline for one in self.threads] + [one.due for one in self.timers])
        assert moment < inf, "everybody waits for ever"
        self.turns, self.now = 0, max(self.now, moment)
        due = [one for one in self.timers if one.due <= self.now]
        for timer in due:
            self.timers.remove(timer)
            timer.function()

    def kill(self) -> None:
        """End every thread but the one that runs, as `kill -9` does, and every timer."""
        me, self.timers = self.current, []
        others = [one for one in self.threads if one is not me]
        for one in others:
            one.killed = True
        while any(one in self.threads for one in others):
            me.ready, me.deadline = (lambda: not any(one in self.threads for one in others)), inf
            self.hand_on(me)


class _Thread:
    world: World

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...] = (), name: str = "", daemon: bool = True):
        self.name, self.killed, self.deadline = name, False, inf
        self.baton = threading.Semaphore(0)
        self.ready: Callable[[], bool] = lambda: True
        self._real = threading.Thread(target=self._run, args=(target, args), daemon=True)

    def start(self) -> None:
        if self.world.no_threads:
            raise RuntimeError("can't start new thread")
        self.world.threads.append(self)
        self._real.start()

    def _run(self, target: Callable[..., None], args: tuple[Any, ...]) -> None:
        self.baton.acquire()
        try:
            if not self.killed:
                target(*args)
        except Killed:
            pass
        except BaseException as error:
            self.world.crashes.append(error)
        self.world.threads.remove(self)
        self.world.hand_on(None)

    def is_alive(self) -> bool:
        return self in self.world.threads

    def join(self, timeout: float | None = None) -> None:
        self.world.wait(lambda: not self.is_alive(), timeout)


class _Timer:
    world: World

    def __init__(self, interval: float, function: Callable[[], None]) -> None:
        self.interval, self.function, self.due, self.daemon = interval, function, inf, False

    def start(self) -> None:
        if self.world.no_threads:
            raise RuntimeError("can't start new thread")
        self.due = self.world.now + self.interval
        self.world.timers.append(self)

    def cancel(self) -> None:
        with suppress(ValueError):
            self.world.timers.remove(self)


class _Event:
    world: World

    def __init__(self) -> None:
        self._set = False

    def set(self) -> None:
        self._set = True

    def clear(self) -> None:
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def wait(self, timeout: float | None = None) -> bool:
        return self.world.wait(self.is_set, timeout)


class _Condition:
    world: World

    def __init__(self) -> None:
        self._told = 0

    def __enter__(self) -> None:
        """Only one thread runs."""

    def __exit__(self, *exc: object) -> None:
        """Only one thread runs."""

    def notify_all(self) -> None:
        self._told += 1

    def wait(self, timeout: float | None = None) -> bool:
        told = self._told
        return self.world.wait(lambda: self._told > told, timeout)


_PARTS: dict[str, type] = {"_Thread": _Thread, "_Timer": _Timer, "_Event": _Event, "_Condition": _Condition}


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose clock and whose executor are the world's; it has no sockets."""

    def __init__(self, world: World) -> None:
        self._world, self._woken = world, _Selector(world)
        super().__init__(self._woken)
        self.set_default_executor(_Executor(world))

    def time(self) -> float:
        return self._world.now

    def _write_to_self(self) -> None:
        self._woken.woken = True


class _Selector(selectors.SelectSelector):
    def __init__(self, world: World) -> None:
        super().__init__()
        self._world, self.woken = world, False

    def select(self, timeout: float | None = None) -> list[Any]:
        self._world.wait(lambda: self.woken, timeout)
        self.woken = False
        return []


class _Executor(ThreadPoolExecutor):
    def __init__(self, world: World) -> None:
        super().__init__(max_workers=1)
        self._world = world

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def work() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)

        self._world.threading.Thread(target=work, name="executor").start()
        return future
