"""The SDK's front door."""

import atexit
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from variorum_client.cache import DiskCache
from variorum_client.connection import Connection
from variorum_client.errors import UnknownArtefact
from variorum_client.ids import uuid7
from variorum_client.live import LiveBundle, LivePrompt
from variorum_client.logs import LogSender
from variorum_client.stats import Counter, Stats

EXIT_SECONDS = 3.0


class Client:
    """What is live in one environment, and the way back for logs. Safe for threads and for fork.

    base_url and api_key default to VARIORUM_URL and VARIORUM_API_KEY. cache_dir holds the last good bundle
    (default: VARIORUM_CACHE_DIR, else the user's cache folder); fallback is a bundle file shipped with the
    application, for a first start without server; refresh is in seconds; timeout bounds one exchange.
    Nothing is fetched before first use. Close it, or use it with `with`, so that the last logs are sent.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        environment: str = "production",
        *,
        cache_dir: str | os.PathLike[str] | None = None,
        fallback: str | os.PathLike[str] | None = None,
        refresh: float = 30.0,
        timeout: float = 10.0,
    ) -> None:
        if refresh <= 0 or timeout <= 0:
            raise ValueError("refresh and timeout must be above 0 seconds")
        connection = Connection(base_url, api_key, timeout=timeout)
        self._base_url, self._environment = connection.base_url, environment
        self._counter = Counter()
        cache = DiskCache(cache_dir, environment, connection.identity)
        self._live = LiveBundle(connection, environment, cache, self._counter, refresh=refresh, fallback=fallback)
        self._logs = LogSender(Connection(base_url, api_key, timeout=timeout), self._counter)
        self._closed = False
        _clients.add(self)

    def __repr__(self) -> str:
        return f"<Client {self._base_url} {self._environment}>"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def prompt(self, name: str) -> LivePrompt:
        """The prompt that is live now. A dictionary lookup once something is known; only the first call may wait.

        Raises UnknownArtefact when nothing of that name is live, NotReady when nothing is known at all.
        """
        try:
            return self._live.prompts[name]
        except KeyError:
            return self._slow_prompt(name)

    def _slow_prompt(self, name: str) -> LivePrompt:
        self._live.ensure()
        found = self._live.prompts.get(name)
        if found is None:
            raise self._unknown("prompt", name, self._live.prompts)
        return found

    def peek(self, name: str) -> LivePrompt | None:
        """The prompt when it is known already, else None; never waits."""
        return self._live.prompts.get(name)

    @property
    def known(self) -> bool:
        """Whether a bundle is in use and its refreshing goes on."""
        return self._live.bundle is not None and bool(self._live.prompts or self._live.configs)

    def config(self, name: str) -> Any:
        """The value of a config that is live now, shared between callers: do not change it. Raises as prompt()."""
        try:
            return self._live.configs[name]
        except KeyError:
            self._live.ensure()
        if name not in self._live.configs:
            raise self._unknown("config", name, self._live.configs)
        return self._live.configs[name]

    def _unknown(self, kind: str, name: str, known: Mapping[str, object]) -> UnknownArtefact:
        names = ", ".join(sorted(known)[:20]) or "none"
        return UnknownArtefact(f"There is no {kind} {name!r} live in {self._environment}; there are: {names}.")

    @property
    def commit(self) -> str:
        """The commit that is live now. Raises NotReady."""
        if self._live.bundle is None:
            self._live.ensure()
        return self._live.bundle.commit if self._live.bundle else ""

    @property
    def stats(self) -> Stats:
        """Counters of fetches and logs, and where the bundle in use came from."""
        stats = self._counter.copy()
        stats.seconds_since_success = self._live.age()
        return stats

    def refresh(self) -> None:
        """Let the background thread ask the server now instead of at the next turn; does not wait."""
        self._live.refresh_now()

    def log(
        self,
        *,
        prompt: LivePrompt | str,
        input: Mapping[str, Any] | Sequence[Mapping[str, Any]],  # noqa: A002  (the field's name)
        output: str | None = None,
        error: str | None = None,
        model: str | None = None,
        started_at: datetime | None = None,
        latency_ms: float | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cost: float | None = None,
        reference: str | None = None,
        user: str | None = None,
        session: str | None = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        id: str | None = None,  # noqa: A002  (the field's name)
    ) -> str:
        """Record one model call; queued, never blocking, never raising. Returns the log's id.

        input: {"variables": {…}} or {"messages": […]} or both, or just the messages. `started_at` must be aware;
        without it the call is taken to have ended now, `latency_ms` after its start.
        """
        number = id or uuid7()
        fields = {
            "model": model,
            "started_at": started_at,
            "latency_ms": latency_ms,
            "input": input,
            "output": output,
            "error": error,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cost": cost,
            "reference": reference,
            "user": user,
            "session": session,
            "tags": tags,
            "metadata": metadata,
        }
        self._logs.add(lambda: self._entry(number, prompt, fields))
        return number

    def _entry(self, number: str, prompt: LivePrompt | str, fields: dict[str, Any]) -> dict[str, Any]:
        """The log as the server takes it: only what is known."""
        handle = prompt if isinstance(prompt, LivePrompt) else self._live.prompts.get(prompt)
        given = fields["input"]
        entry = {
            **fields,
            "id": number,
            "prompt": handle.name if handle else str(prompt),
            "environment": self._environment,
            "commit": handle.commit if handle else None,
            "adapter": handle.adapter.path if handle and handle.adapter else None,
            "model": fields["model"] or (handle.model if handle else None),
            "started_at": _start(fields["started_at"], fields["latency_ms"]),
            "input": given if isinstance(given, Mapping) else {"messages": list(given)},
            "tags": list(fields["tags"]) or None,
        }
        return {key: value for key, value in entry.items() if value is not None}

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until queued logs were sent; False when some are still unsent after `timeout` seconds."""
        return self._logs.flush(timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Send what is queued, at most `timeout` seconds, and stop the threads. Reading goes on working."""
        if self._closed:
            return
        self._closed = True
        _clients.discard(self)
        self._live.close(min(timeout, 0.5))
        self._logs.close(timeout)

    def _after_fork(self) -> None:
        self._counter.after_fork()
        self._live.after_fork()
        self._logs.after_fork()


def _start(started_at: datetime | None, latency_ms: float | None) -> str:
    moment = started_at or datetime.now(UTC) - timedelta(milliseconds=latency_ms or 0)
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


_clients: set[Client] = set()  # held until they are closed, so that no queued log is lost with its client


def _close_all() -> None:
    """At exit: a little time for the last logs, shared by all clients."""
    deadline = time.monotonic() + EXIT_SECONDS
    for client in list(_clients):
        client.close(max(deadline - time.monotonic(), 0.0))


def _after_fork_in_child() -> None:
    for client in list(_clients):
        client._after_fork()  # noqa: SLF001  (same module)


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
