"""News of an environment as they happen: one open stream in a thread of its own, opened again whenever it breaks."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator

from variorum_client.connection import Connection, path_of
from variorum_client.errors import ApiError
from variorum_client.sse import Event, EventReader, StreamError
from variorum_client.stats import Counter
from variorum_client.telling import Teller
from variorum_client.threads import started

SILENCE_SECONDS = 45.0  # the server says something every 15
SPREAD_SECONDS = 0.3  # many clients hear one event: they do not all ask in the same moment
STEADY_SECONDS = 30.0  # a stream that lasted as long did not fail
MAX_BACKOFF = 60.0  # also where the answer is 404: an older server, or a proxy, may be another one in a minute


class Listener:
    """Hears of changes. `listening` says whether the stream is open now; without it the client asks from time to time.

    The server says what it serves when the stream opens and at every change. `heard` is called with that tag, or with
    None when the server should be asked: an event came without a tag, or the stream broke and does not open again.
    """

    def __init__(self, connection: Connection, environment: str, counter: Counter) -> None:
        self._connection, self._counter, self._environment = connection, counter, environment
        self._teller = Teller()
        self._renew()

    def _renew(self) -> None:
        self.listening = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._last_id = ""
        self._lost = False  # a stream was open, and nothing was said of it since

    def after_fork(self) -> None:
        """In a forked child: no stream until it is started again."""
        self._connection.forget()
        self._teller.after_fork()
        self._renew()
        self._counter.put(streaming=False)

    def start(self, heard: Callable[[str | None], None]) -> None:
        """Start listening, unless it goes on already."""
        if self._thread is None and not self._stop.is_set():
            self._thread = started(self._run, "variorum-stream", heard)

    def _run(self, heard: Callable[[str | None], None]) -> None:
        stop = self._stop
        while not stop.is_set():
            opened, wait = self._counter.copy().stream_opened, self.listen(heard)
            if self._counter.copy().stream_opened > opened:
                self._lost = True
            elif self._lost and not stop.is_set():
                self._lost = False
                heard(None)
            stop.wait(wait)
        self._connection.close()

    def listen(self, heard: Callable[[str | None], None]) -> float:
        """Open the stream and hear until it breaks; never raises. Returns the seconds to wait before the next try."""
        began, reader = time.monotonic(), EventReader()
        try:
            with self._connection.listen(
                path_of("runtime", self._environment, "stream"), silence=SILENCE_SECONDS, last_id=self._last_id
            ) as pieces:
                self._hear(pieces, reader, heard)
            error = ApiError(0, "ended", "The server ended the stream.")
        except ApiError as caught:
            error = caught
        except StreamError as caught:
            error = ApiError(0, "bad_stream", str(caught))
        except Exception as caught:  # noqa: BLE001  (the thread must outlive any fault)
            error = ApiError(0, "unexpected", f"Unexpected {type(caught).__name__}.")
        lasted = time.monotonic() - began if self.listening else 0.0
        return self._closed(error, lasted, reader.retry)

    def _hear(self, pieces: Iterator[bytes], reader: EventReader, heard: Callable[[str | None], None]) -> None:
        lines, alive = 0, time.monotonic()
        for piece in pieces:
            if self._stop.is_set():
                return
            for event in reader.feed(piece):
                self._take(event, heard)
            now = time.monotonic()
            if reader.lines > lines:
                lines, alive = reader.lines, now
                self._open()
            elif now - alive > SILENCE_SECONDS:
                raise StreamError("The stream says nothing whole any more.")

    def _open(self) -> None:
        """A whole line came: nobody on the way holds the stream back."""
        if not self.listening:
            self.listening = True
            self._counter.add(stream_opened=1)
            self._counter.put(streaming=True)

    def _take(self, event: Event, heard: Callable[[str | None], None]) -> None:
        self._last_id = event.id[:200]
        if event.event != "bundle":
            return
        self._counter.add(stream_events=1)
        if not self._stop.wait(random.uniform(0, SPREAD_SECONDS)):  # noqa: S311  (only spreads the load)
            heard(_tag(event.data))

    def _closed(self, error: ApiError, lasted: float, retry: int | None) -> float:
        self.listening = False
        self._counter.put(streaming=False)
        if self._stop.is_set():
            return 0.0
        self._failures = 1 if lasted > STEADY_SECONDS else self._failures + 1
        self._counter.add(stream_failures=1)
        self._counter.put(last_stream_error=str(error))
        if self._failures == 2:  # once is a server that was started again
            self._teller.warn("stream", "No news of %s come in by stream: %s", self._environment, error)
        backoff = max(min(2.0 ** min(self._failures - 1, 10), MAX_BACKOFF), min((retry or 0) / 1000, MAX_BACKOFF))
        return backoff * random.uniform(0.5, 1.5)  # noqa: S311

    def close(self, timeout: float) -> None:
        """Hang up."""
        self._stop.set()
        self._connection.hang_up()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)


def _tag(data: str) -> str | None:
    """The entity tag that an event names, bare; None for an event that names none."""
    try:
        told = json.loads(data)
        tag = told["etag"] if isinstance(told, dict) else None
    except (ValueError, KeyError, RecursionError):
        return None
    return bare(tag) if isinstance(tag, str) else None


def bare(tag: str) -> str:
    """An entity tag without its quotes and its mark of weakness."""
    return tag.removeprefix("W/").strip('"')
