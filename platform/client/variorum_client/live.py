"""What an environment serves, kept fresh by a thread; reading it is a dictionary lookup."""

import logging
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from variorum_client.bundle import BundleError
from variorum_client.cache import DiskCache
from variorum_client.connection import Answer, Connection, path_of, refusal
from variorum_client.delivery import Delivery, load_delivery
from variorum_client.errors import ApiError, NotReady
from variorum_client.handles import NOTHING, LivePrompt, Served
from variorum_client.stats import Counter, Origin
from variorum_client.stream import Listener, bare
from variorum_client.telling import Teller
from variorum_client.threads import started

__all__ = ["LiveBundle", "LivePrompt"]

log = logging.getLogger("variorum")
GRACE_SECONDS = 2.0
MAX_BACKOFF = 60.0
EXPECTATIONS = 5  # how often to ask again for news that the server announced and does not serve yet
REST_SECONDS = 0.25  # after an exchange: so long not even news make the client ask again
REST_AFTER_FAILURE = 5.0  # the same after a failure, at most, where the server asked for no more
LISTENING_SECONDS = 300.0  # how often a client that hears of changes asks besides
News = Literal["changed", "stale", "fresh"]


class LiveBundle:
    """What an environment serves: from the server, else the last good document on disk, else a file given along.

    `served` is replaced as a whole, so readers need no lock. Nothing starts before first use. While nobody refreshes
    (in a forked child, on a machine without threads to spare) it is NOTHING, so that readers ask `ensure`, which tries
    to start again; `whole` is what is known all the same. `heard` are called with
    (news, before, now) by the thread that refreshes: "changed", "stale" (the server stopped answering well), "fresh".
    """

    def __init__(
        self,
        connection: Connection,
        environment: str,
        cache: DiskCache,
        counter: Counter,
        *,
        refresh: float,
        fallback: str | os.PathLike[str] | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._connection, self.environment, self._cache, self._counter = connection, environment, cache, counter
        self._refresh, self._fallback, self._listener = refresh, fallback, listener
        self.delivery: Delivery | None = None
        self.served: Served = NOTHING
        self.whole: Served = NOTHING
        self.heard: list[Callable[[News, Delivery | None, Delivery | None], None]] = []
        self._etag: str | None = None
        self._succeeded: float | None = None
        self._failures = 0
        self._rest = 0.0
        self._looked = False
        self._copied = False  # a copy is in use, and the server has not answered yet
        self._expected: str | None = None
        self._patience = 0
        self._teller = Teller()
        self._copies: tuple[tuple[Origin, Callable[[], bytes | None]], ...] = (
            ("disk", cache.load),
            ("fallback", self._read_fallback),
        )
        self._renew()

    def _renew(self) -> None:
        """Fresh locks and no thread: at the start, and in a forked child."""
        self._lock = threading.Lock()
        self._swap = threading.Lock()
        self._tried = threading.Event()
        self._stop = threading.Event()
        self._now = threading.Event()
        self._thread: threading.Thread | None = None

    def after_fork(self) -> None:
        """In a forked child: what is known stays, the threads are started again at the next slow read."""
        self._connection.forget()
        self._teller.after_fork()
        if self._listener is not None:
            self._listener.after_fork()
        self._renew()
        self.served = NOTHING

    def ensure(self) -> Served:
        """Start refreshing and wait for a first document. Raises NotReady when there is none to be had.

        With a copy on disk or a fallback the wait is at most GRACE_SECONDS, else the connection's timeout.
        """
        with self._lock:
            alone = self._thread is None and not self._stop.is_set() and not self._start()
        if alone and not self._tried.is_set():  # no thread is to be had: ask once, here
            self.fetch()
            self._tried.set()
        if self.delivery is None:
            self._wait()
        with self._swap:
            if self.whole is NOTHING:
                raise NotReady(self._why_not())
            if not alone:
                self.served = self.whole
            return self.whole

    def _wait(self) -> None:
        closed = self._stop.is_set()
        if closed or self._tried.wait(GRACE_SECONDS) or not self._use_copy():
            self._tried.wait(0.0 if closed else self._connection.timeout)
            self._use_copy()

    def _start(self) -> bool:
        self._thread = started(self._run, "variorum-refresh")
        return self._thread is not None

    def _why_not(self) -> str:
        error = self._counter.copy().last_error or "no answer came yet"
        return f"Nothing is known to be live in {self.environment}: {error} There is no copy on disk and no fallback."

    def _run(self) -> None:
        stop, now, listener = self._stop, self._now, self._listener
        while not stop.is_set():
            now.clear()
            delay = self.fetch()
            self._tried.set()
            if listener is not None and self._succeeded is not None:
                listener.start(self.expect)
            rest = min(self._rest, delay)
            if not stop.wait(rest):
                now.wait(delay - rest)
        self._connection.close()

    def refresh_now(self) -> None:
        """Let the thread fetch at once."""
        self._now.set()

    def expect(self, tag: str | None) -> None:
        """News came: fetch at once, unless this tag is in use; None is: something may have changed."""
        if tag is not None and tag == bare(self._etag or ""):
            return
        self._expected, self._patience = tag, EXPECTATIONS
        self._now.set()

    def fetch(self) -> float:
        """Ask the server once; never raises. Returns the seconds to wait before the next time."""
        self._counter.add(fetches=1)
        asked = 0.0
        try:
            answer = self._ask()
            asked = answer.retry_after
            before = self.delivery
            changed = self._take(answer)
        except (ApiError, BundleError) as error:
            return self._failed(str(error), asked)
        except Exception as error:  # noqa: BLE001  (the thread must outlive any fault, else the app grows stale unseen)
            return self._failed(f"Unexpected {type(error).__name__}.", asked)
        self._went_well()
        if changed:
            self._tell("changed", before)
        self._rest = REST_SECONDS
        if self._disappointed():
            return random.uniform(0.3, 1.0)  # noqa: S311
        listening = self._listener is not None and self._listener.listening
        pause = max(self._refresh, LISTENING_SECONDS) if listening else self._refresh
        return pause * random.uniform(0.9, 1.1)  # noqa: S311  (only spreads the load)

    def _disappointed(self) -> bool:
        """Whether news were heard of that the answer did not show: another process of the server may be behind."""
        if self._expected is None or self._patience <= 0 or bare(self._etag or "") == self._expected:
            self._expected = None
            return False
        self._patience -= 1
        return True

    def _ask(self) -> Answer:
        headers = {"If-None-Match": self._etag} if self._etag else {}
        return self._connection.request("GET", path_of("runtime", self.environment, "bundle"), headers=headers)

    def _take(self, answer: Answer) -> bool:
        """Put an answer in use; whether it is another document than before."""
        if answer.status == 304 and self._etag:
            self._counter.add(not_modified=1)
            return False
        if answer.status != 200:
            raise refusal(answer)
        delivery = load_delivery(answer.body, previous=self.delivery)
        if delivery.live.environment != self.environment:
            raise BundleError(f"The server sent the bundle of {delivery.live.environment!r} for {self.environment!r}.")
        before = self.delivery
        changed = before is None or delivery.hash != before.hash
        self._succeeded = time.monotonic()  # before it can be seen: what the server gave is never stale at first sight
        self._install(delivery, "server", answer.etag or delivery.etag)
        if changed:
            self._counter.add(updates=1)
            self._store(answer.body)
        return changed

    def _store(self, body: bytes) -> None:
        try:
            self._cache.store(body)
        except (OSError, ValueError) as error:
            self._counter.add(disk_failures=1)
            why = getattr(error, "strerror", None) or type(error).__name__
            self._teller.warn("disk", "The bundle could not be written to %s: %s", self._cache.path, why)

    def _use_copy(self) -> bool:
        """Take the copy on disk, else the fallback; looked for once, what is damaged is counted and passed over."""
        with self._lock:
            if self._looked:
                return self.delivery is not None
            self._looked = True
            for origin, read in self._copies:
                delivery = self._read_copy(origin, read) if self.delivery is None else None
                if delivery is not None:
                    self._copied = self._succeeded is None  # before it can be seen, else "fresh" would not be told
                    self._install(delivery, origin, delivery.etag)
        return self.delivery is not None

    def _read_copy(self, origin: Origin, read: Callable[[], bytes | None]) -> Delivery | None:
        try:
            body = read()
            delivery = load_delivery(body) if body is not None else None
        except (OSError, ValueError) as error:
            self._counter.add(disk_failures=1)
            log.warning("The %s copy of the bundle cannot be used: %s", origin, type(error).__name__)
            return None
        if delivery is not None and origin == "disk" and delivery.live.environment != self.environment:
            return None
        return delivery

    def _read_fallback(self) -> bytes | None:
        return Path(self._fallback).read_bytes() if self._fallback is not None else None

    def _install(self, delivery: Delivery, origin: Origin, etag: str) -> None:
        """Put a document in use; a copy never replaces what is already there."""
        with self._swap:
            if origin != "server" and self.delivery is not None:
                return
            self.delivery, self._etag, self.whole = delivery, etag, Served(delivery)
            if self._thread is not None:
                self.served = self.whole
        self._counter.put(origin=origin, commit=delivery.live.commit, hash=delivery.hash)

    def _went_well(self) -> None:
        failures, copied = self._failures, self._copied
        self._failures, self._copied, self._succeeded = 0, False, time.monotonic()
        if failures:
            self._teller.warn("fresh", "The bundle of %s is refreshed again.", self.environment)
        if failures or copied:
            self._tell("fresh", self.delivery)

    def _failed(self, message: str, asked: float) -> float:
        self._counter.add(failures=1)
        self._counter.put(last_error=message)
        self._failures += 1
        if self._failures == 1:
            self._teller.warn("stale", "The bundle of %s could not be refreshed: %s", self.environment, message)
            self._tell("stale", self.delivery)
        backoff = min(2.0 ** min(self._failures - 1, 10), self._refresh, MAX_BACKOFF)
        self._rest = max(asked, min(backoff, REST_AFTER_FAILURE))
        return max(asked, backoff * random.uniform(0.7, 1.3))  # noqa: S311  (only spreads the load)

    def _tell(self, news: News, before: Delivery | None) -> None:
        for hear in tuple(self.heard):
            try:
                hear(news, before, self.delivery)
            except Exception:
                log.exception("What listens to the client failed.")

    @property
    def stale(self) -> bool:
        """Whether something is known that the server did not confirm when it was last asked, or has not yet."""
        return self.delivery is not None and (self._failures > 0 or self._succeeded is None)

    def age(self) -> float | None:
        """Seconds since the server last answered well; None for never."""
        return None if self._succeeded is None else time.monotonic() - self._succeeded

    def close(self, timeout: float) -> None:
        """Stop refreshing; what is known stays readable."""
        self._stop.set()
        self._now.set()
        if self._listener is not None:
            self._listener.close(timeout)
        thread = self._thread
        if thread is None:
            self._connection.close()
        elif thread is not threading.current_thread():
            thread.join(timeout)
