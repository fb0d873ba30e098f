"""Many model calls at once, for one thread that stores what comes back.

The calls run on an event loop in a thread of its own and touch no database; the caller's thread gets their outcomes and
does everything else.
"""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
C = TypeVar("C")
TICK = 0.2  # seconds after which the caller gets a turn though nothing came


class Crowd(Generic[T, C, R]):
    """`concurrency` workers that take items in order and share a session, such as an HTTP client.

    `work(item, session)` must not raise for an item's own trouble.
    """

    def __init__(
        self,
        items: Iterable[T],
        session: Callable[[], AbstractAsyncContextManager[C]],
        work: Callable[[T, C], Awaitable[R]],
        concurrency: int,
    ) -> None:
        self._items, self._session, self._work, self._concurrency = iter(items), session, work, concurrency
        self._outcomes: queue.SimpleQueue[R | None] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="evaluation-calls", daemon=True)

    def outcomes(self) -> Generator[list[R], None, None]:
        """What has come back, in bunches; an empty one when nothing came for a moment. Closing it stops the calls.

        Raises what `work` raised, after the outcomes before it.
        """
        self._thread.start()
        try:
            over = False
            while not over:
                bunch, over = self._collect()
                yield bunch
            if self._error is not None:
                raise self._error
        finally:
            self._stop()

    def _collect(self) -> tuple[list[R], bool]:
        bunch: list[R] = []
        with suppress(queue.Empty):
            outcome = self._outcomes.get(timeout=TICK)
            while outcome is not None:
                bunch.append(outcome)
                outcome = self._outcomes.get_nowait()
            return bunch, True
        return bunch, False

    def _run(self) -> None:
        try:
            asyncio.run(self._all())
        except asyncio.CancelledError:
            pass
        except BaseExceptionGroup as group:
            self._error = group.exceptions[0]
        except BaseException as exc:  # noqa: BLE001  (handed to the caller's thread, which raises it)
            self._error = exc
        finally:
            self._outcomes.put(None)

    async def _all(self) -> None:
        self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        async with self._session() as session, asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(self._worker(session))

    async def _worker(self, session: C) -> None:
        for item in self._items:
            if self._stopping.is_set():
                return
            self._outcomes.put(await self._work(item, session))

    def _stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive() and self._loop and self._main:
            with suppress(RuntimeError):  # the loop ended meanwhile
                self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join(timeout=10)
