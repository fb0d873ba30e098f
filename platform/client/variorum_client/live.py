"""What is live in one environment, kept fresh by a thread; reading it is a dictionary lookup."""

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from variorum_client.bundle import AdapterRef, Bundle, BundleError, load_bundle
from variorum_client.cache import DiskCache
from variorum_client.connection import Answer, Connection, path_of, refusal
from variorum_client.errors import ApiError, NotReady
from variorum_client.formats import Prompt
from variorum_client.stats import Counter, Origin

log = logging.getLogger("variorum")
GRACE_SECONDS = 2.0
MAX_BACKOFF = 60.0


@dataclass(frozen=True, slots=True)
class LivePrompt:
    """A prompt as it is live at one commit. It never changes: ask the client again to see a newer one."""

    name: str
    environment: str
    commit: str
    adapter: AdapterRef | None
    prompt: Prompt

    @property
    def model(self) -> str | None:
        """provider/model, as the prompt names it."""
        return self.prompt.model

    @property
    def config(self) -> dict[str, Any]:
        """The model's settings: temperature and the like. Read-only."""
        return self.prompt.config

    def messages(
        self, variables: Mapping[str, Any] | None = None, *, history: Sequence[Mapping[str, Any]] = ()
    ) -> list[dict[str, Any]]:
        """Messages for an OpenAI-compatible endpoint. Raises RenderError, which names the variable at fault."""
        return self.prompt.messages(variables, history=history)


class LiveBundle:
    """The bundle of an environment: from the server, else the last good one on disk, else a file given along.

    `prompts` and `configs` are replaced as a whole, so readers need no lock. Nothing starts before first use.
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
    ) -> None:
        self._connection, self.environment, self._cache, self._counter = connection, environment, cache, counter
        self._refresh, self._fallback = refresh, fallback
        self.bundle: Bundle | None = None
        self.prompts: dict[str, LivePrompt] = {}
        self.configs: dict[str, Any] = {}
        self._etag: str | None = None
        self._succeeded: float | None = None
        self._failures = 0
        self._looked = False
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
        """In a forked child: the bundle stays, the thread is started again at the next slow read."""
        self._connection.forget()
        self._renew()
        self.prompts, self.configs = {}, {}

    def ensure(self) -> None:
        """Start refreshing and wait for a first bundle. Raises NotReady when there is none to be had.

        With a copy on disk or a fallback the wait is at most GRACE_SECONDS, else the connection's timeout.
        """
        with self._lock:
            if self._thread is None and not self._stop.is_set():
                self._start()
        if self.bundle is None:
            self._wait()
        if self.bundle is None:
            raise NotReady(self._why_not())
        if not self.prompts and not self.configs:
            self._publish(self.bundle)

    def _wait(self) -> None:
        closed = self._stop.is_set()
        if closed or self._tried.wait(GRACE_SECONDS) or not self._use_copy():
            self._tried.wait(0.0 if closed else self._connection.timeout)
            self._use_copy()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="variorum-refresh", daemon=True)
        self._thread.start()

    def _why_not(self) -> str:
        error = self._counter.copy().last_error or "no answer came yet"
        return f"Nothing is known to be live in {self.environment}: {error} There is no copy on disk and no fallback."

    def _run(self) -> None:
        stop, now = self._stop, self._now
        while not stop.is_set():
            now.clear()
            delay = self.fetch()
            self._tried.set()
            now.wait(delay)
        self._connection.close()

    def refresh_now(self) -> None:
        """Let the thread fetch at once."""
        self._now.set()

    def fetch(self) -> float:
        """Ask the server once; never raises. Returns the seconds to wait before the next time."""
        self._counter.add(fetches=1)
        asked = 0.0
        try:
            answer = self._ask()
            asked = answer.retry_after
            self._take(answer)
        except (ApiError, BundleError) as error:
            return self._failed(str(error), asked)
        except Exception as error:  # noqa: BLE001  (the thread must outlive any fault, else the app grows stale unseen)
            return self._failed(f"Unexpected {type(error).__name__}.", asked)
        self._went_well()
        return self._refresh * random.uniform(0.9, 1.1)  # noqa: S311  (only spreads the load)

    def _ask(self) -> Answer:
        headers = {"If-None-Match": self._etag} if self._etag else {}
        return self._connection.request("GET", path_of("runtime", self.environment, "bundle"), headers=headers)

    def _take(self, answer: Answer) -> None:
        if answer.status == 304 and self._etag:
            self._counter.add(not_modified=1)
            return
        if answer.status != 200:
            raise refusal(answer)
        bundle = self._load(answer.body)
        if bundle.environment != self.environment:
            raise BundleError(f"The server sent the bundle of {bundle.environment!r} for {self.environment!r}.")
        changed = self.bundle is None or bundle.hash != self.bundle.hash
        self._install(bundle, "server", answer.etag or f'"{bundle.hash}"')
        if changed:
            self._counter.add(updates=1)
            self._store(answer.body)

    def _load(self, body: bytes) -> Bundle:
        return load_bundle(body, previous=self.bundle)

    def _store(self, body: bytes) -> None:
        try:
            self._cache.store(body)
        except OSError as error:
            self._counter.add(disk_failures=1)
            log.warning("The bundle could not be written to %s: %s", self._cache.path, error.strerror)

    def _use_copy(self) -> bool:
        """Take the copy on disk, else the fallback; looked for once, what is damaged is counted and passed over."""
        with self._lock:
            if self._looked:
                return self.bundle is not None
            self._looked = True
            for origin, read in self._copies:
                bundle = self._read_copy(origin, read) if self.bundle is None else None
                if bundle is not None:
                    self._install(bundle, origin, f'"{bundle.hash}"')
        return self.bundle is not None

    def _read_copy(self, origin: Origin, read: Callable[[], bytes | None]) -> Bundle | None:
        try:
            body = read()
            bundle = load_bundle(body) if body is not None else None
        except (OSError, BundleError) as error:
            self._counter.add(disk_failures=1)
            log.warning("The %s copy of the bundle cannot be used: %s", origin, type(error).__name__)
            return None
        if bundle is not None and origin == "disk" and bundle.environment != self.environment:
            return None
        return bundle

    def _read_fallback(self) -> bytes | None:
        return Path(self._fallback).read_bytes() if self._fallback is not None else None

    def _install(self, bundle: Bundle, origin: Origin, etag: str) -> None:
        """Put a bundle in use; a copy never replaces what is already there."""
        with self._swap:
            if origin != "server" and self.bundle is not None:
                return
            self.bundle, self._etag = bundle, etag
            self._publish(bundle)
        self._counter.put(origin=origin, commit=bundle.commit, hash=bundle.hash)

    def _publish(self, bundle: Bundle) -> None:
        self.configs = bundle.configs
        self.prompts = {
            name: LivePrompt(name, bundle.environment, bundle.commit, bundle.adapter_of(prompt), prompt)
            for name, prompt in bundle.prompts.items()
        }

    def _went_well(self) -> None:
        if self._failures:
            log.warning("The bundle of %s is refreshed again.", self.environment)
        self._failures, self._succeeded = 0, time.monotonic()

    def _failed(self, message: str, asked: float) -> float:
        self._counter.add(failures=1)
        self._counter.put(last_error=message)
        if not self._failures:
            log.warning("The bundle of %s could not be refreshed: %s", self.environment, message)
        self._failures += 1
        backoff = min(2.0 ** min(self._failures - 1, 10), self._refresh, MAX_BACKOFF)
        return max(asked, backoff * random.uniform(0.7, 1.3))  # noqa: S311  (only spreads the load)

    def age(self) -> float | None:
        """Seconds since the server last answered well; None for never."""
        return None if self._succeeded is None else time.monotonic() - self._succeeded

    def close(self, timeout: float) -> None:
        """Stop refreshing; what is known stays readable."""
        self._stop.set()
        self._now.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
