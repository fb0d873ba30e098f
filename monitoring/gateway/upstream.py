"""Calls of providers: kept connections, time-outs, tries. Everything here runs on the event loop."""

import asyncio
import math
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore

from monitoring.gateway.breaker import Breakers, Outcome, Pass
from monitoring.gateway.facts import Patience
from monitoring.gateway.plans import Attempt
from monitoring.gateway.refusals import Refused
from monitoring.gateway.secret import Veil
from monitoring.gateway.shares import Full, Lease, Shares
from variorum.inference import loading
from variorum.inference.shapes import LOCAL, ProviderError
from variorum.lib.errors import Problem
from variorum.lib.pool import Pool
from variorum.lib.safe_http import private_pool, public_pool
from variorum.lib.streams import Waiting, waiting

CONNECT_SECONDS = 10.0
WRITE_SECONDS = 60.0
MOST_CONNECTIONS = 2000
MOST_BODY = 128_000_000  # bytes of an answer that comes whole
LONGEST_WAIT = 20.0  # seconds between two tries; who asks for more is asked no more
AGAIN = frozenset({408, 409, 429})  # and 5xx
ELSEWHERE = frozenset({401, 403, 404})  # of no use to repeat; another provider may answer
STATUS = {"timed_out": 504, "overloaded": 503, "circuit_open": 503, "too_many_calls": 429}
KINDS = {429: "requests"}  # else upstream_error above 500
UNREACHABLE = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.UnsupportedProtocol,
    ssl.SSLError,
)
FALSE = b"false"


@dataclass
class Answer:
    """An upstream's answer whose first bytes have come (none for an empty body)."""

    attempt: Attempt
    status: int
    headers: Mapping[bytes, bytes]
    first: bytes
    rest: AsyncIterator[bytes]
    response: httpcore.Response
    lease: Lease

    @property
    def content_type(self) -> bytes:
        """Without its parameters, in lower case."""
        return self.headers.get(b"content-type", b"").split(b";")[0].strip().lower()

    async def close(self) -> None:
        """Give the connection back, or cut it when the answer has not ended."""
        try:
            await self.response.aclose()
        finally:
            self.lease.end()


class Failed(Exception):
    """A try that brought no answer. `code` is timed_out, unavailable, overloaded, too_many_calls, circuit_open, or that
    of our own check of the address; `wait` the seconds after which it may work, 0 when nobody knows."""

    def __init__(self, code: str, detail: str, wait: float = 0.0) -> None:
        super().__init__(detail)
        self.code, self.detail, self.wait = code, detail, wait

    @property
    def again(self) -> bool:
        """Whether the same may work a moment later."""
        return self.code in {"timed_out", "unavailable", "unknown_host", "overloaded"}

    def refusal(self) -> Refused:
        """For the caller."""
        status = STATUS.get(self.code, 502 if self.again else 400)
        headers = {"retry-after": str(math.ceil(self.wait))} if self.wait else {}
        kind = KINDS.get(status, "upstream_error" if status > 500 else "")
        return Refused(status, self.detail, self.code, kind=kind, headers=headers)


@dataclass
class Clock:
    """The patience of one call, and what was tried."""

    patience: Patience
    tries: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds until the whole call has taken too long."""
        return self.began + self.patience.total - time.monotonic()

    def within(self, seconds: float) -> float:
        """So many seconds, or what is left."""
        return max(0.0, min(seconds, self.left))


class Upstreams:
    """The connections of one web process, at most so many to providers and to our own server each. Made at first use,
    inside its event loop."""

    def __init__(self, tell: Callable[[int, dict[str, Any]], None], most: int = MOST_CONNECTIONS) -> None:
        self._breakers = Breakers(tell)
        self._most = most
        self._shares = {True: Shares(most), False: Shares(most)}  # of our own server, of all others
        self._public: Pool | None = None
        self._local: Pool | None = None

    def _pool(self, attempt: Attempt) -> Pool:
        if attempt.target.provider == LOCAL:
            self._local = self._local or private_pool(self._most)
            return self._local
        self._public = self._public or public_pool(self._most)
        return self._public

    async def close(self) -> None:
        """Close what is kept."""
        for pool in (self._public, self._local):
            if pool is not None:
                await pool.aclose()
        self._public = self._local = None

    async def ask(self, attempts: Sequence[Attempt], clock: Clock, extra: Mapping[str, str]) -> Answer:
        """The first good answer, or the last bad one. Tries are made only before the first byte of an answer.

        Raises Refused when nobody answered at all.
        """
        bad: list[Answer] = []
        try:
            return await self._ask(attempts, clock, extra, bad)
        except BaseException:
            for answer in bad:
                await answer.close()
            raise

    async def _ask(
        self, attempts: Sequence[Attempt], clock: Clock, extra: Mapping[str, str], bad: list[Answer]
    ) -> Answer:
        """`bad` holds the last bad answer, still open."""
        failed: Failed | None = None
        for attempt in attempts:
            for again in range(clock.patience.retries + 1):
                leave = self._breakers.enter(attempt)
                if not isinstance(leave, Pass):
                    clock.tries.append({"model": attempt.name, "error": "circuit_open"})
                    failed = failed or _open(attempt, leave)
                    break
                try:
                    answer = await self._try(attempt, clock, extra, leave, bad)
                except Failed as error:
                    failed, wait = error, _backoff(again) if error.again else None
                else:
                    if answer.status < 400 or not _may_change(answer.status):
                        return answer
                    bad.append(answer)
                    wait = _wait(answer, again)
                    if answer.status == 404 and again == 0 and await _loaded(attempt):
                        wait = 0.0
                if clock.left <= 0 or wait is None or again == clock.patience.retries or wait > clock.left:
                    break
                await asyncio.sleep(wait)
            if clock.left <= 0:
                break
        if bad:
            return bad.pop()
        raise (failed or Failed("timed_out", "The call took too long.")).refusal()

    async def _try(
        self, attempt: Attempt, clock: Clock, extra: Mapping[str, str], leave: Pass, bad: list[Answer]
    ) -> Answer:
        """Ask once, and say to the circuit what became of it. The bad answer of before is closed. Raises Failed."""
        began = time.monotonic()
        said: dict[str, Any] = {"model": attempt.name}
        clock.tries.append(said)
        patience = clock.within(clock.patience.first_byte)
        outcome = Outcome.NOTHING
        try:
            if bad:
                await bad.pop().close()
            async with asyncio.timeout(patience):
                answer = await self._open(attempt, extra)
            said["status"] = answer.status
            outcome = Outcome.FAILED if answer.status >= 500 else Outcome.GOOD
        except Problem as problem:
            said["error"] = problem.stable_code
            outcome = Outcome.UNREACHABLE if problem.stable_code == "unknown_host" else Outcome.NOTHING
            raise Failed(problem.stable_code, problem.detail) from None
        except (Full, httpcore.PoolTimeout) as exc:
            failed = _full(exc)
            said["error"] = failed.code
            raise failed from None
        except (TimeoutError, httpcore.TimeoutException) as exc:
            said["error"] = "timed_out"
            full = patience >= clock.patience.first_byte  # else it is the call that took too long
            late = Outcome.FAILED if full else Outcome.NOTHING
            outcome = Outcome.UNREACHABLE if isinstance(exc, UNREACHABLE) else late
            raise Failed("timed_out", f"{attempt.target.provider} did not answer in time.") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as exc:
            said["error"] = type(exc).__name__
            outcome = Outcome.UNREACHABLE if isinstance(exc, UNREACHABLE) else Outcome.FAILED
            text = f"{attempt.target.provider} cannot be reached ({type(exc).__name__})."
            raise Failed("unavailable", text) from None
        finally:
            leave.ended(outcome)
            said["ms"] = round((time.monotonic() - began) * 1000, 1)
        return answer

    async def _open(self, attempt: Attempt, extra: Mapping[str, str]) -> Answer:
        """Send, and wait for the head of the answer and the first piece of its body."""
        url = httpcore.URL(attempt.url)
        own = {"host": _host(url), "accept-encoding": "identity", "user-agent": "variorum", **extra, **attempt.headers}
        own["content-length"] = str(len(attempt.body))
        timeouts = {"connect": CONNECT_SECONDS, "write": WRITE_SECONDS, "pool": CONNECT_SECONDS}
        request = httpcore.Request(
            "POST",
            url,
            headers=[(name.encode(), value.encode()) for name, value in own.items()],
            content=attempt.body,
            extensions={"timeout": timeouts},
        )
        lease = self._shares[attempt.target.provider == LOCAL].take(attempt.project_id)
        try:
            response = await self._pool(attempt).handle_async_request(request)
            try:
                first, pieces = await _first(response)
            except BaseException:
                await response.aclose()
                raise
        except BaseException:
            lease.end()
            raise
        headers = {name.lower(): value for name, value in response.headers}
        return Answer(attempt, response.status, headers, first, pieces, response, lease)


async def _first(response: httpcore.Response) -> tuple[bytes, AsyncIterator[bytes]]:
    """The first piece of a body, none of an empty one, and the rest."""
    pieces = response.aiter_stream()
    async for piece in pieces:
        if piece:
            return piece, pieces
    return b"", pieces


async def whole(answer: Answer, clock: Clock) -> bytes:
    """The body of an answer that comes in one. Raises Refused when it is cut, too slow or too large."""
    found, size = [answer.first], len(answer.first)
    try:
        async for piece in pieces(answer, clock):
            found.append(piece)
            size += len(piece)
            if size > MOST_BODY:
                raise cut(answer, "sent more than can be held")
    finally:
        await answer.close()
    return b"".join(found)


async def pieces(
    answer: Answer, clock: Clock, before: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[bytes]:
    """The rest of a body as it comes; `before` is awaited before it is waited for.

    Raises Refused when it breaks off or when a piece does not come in time.
    """
    waiting.set(Waiting(before, lambda: clock.within(clock.patience.between)))
    try:
        async for piece in answer.rest:
            yield piece
    except (TimeoutError, httpcore.TimeoutException):
        raise cut(answer, "stopped in the middle of its answer", "timed_out") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
        raise cut(answer, "broke off in the middle of its answer") from None
    finally:
        waiting.set(None)


def cut(answer: Answer, words: str, code: str = "upstream_cut") -> Refused:
    """An answer that is not whole."""
    status = 504 if code == "timed_out" else 502
    return Refused(status, f"{answer.attempt.target.provider} {words}.", code, kind="upstream_error")


def veil_of(answer: Answer) -> Veil:
    """What hides the provider's key."""
    return Veil(answer.attempt.target.key)


def _full(why: Exception) -> Failed:
    """The refusal of a call for which there is no connection. A share is not waited for: a stand-in may have room."""
    if isinstance(why, Full) and why.own:
        text = f"This project has {why.held} calls under way here, its share of the connections. Try again in a moment."
        return Failed("too_many_calls", text, 1.0)
    return Failed("overloaded", "Too many calls are under way. Try again in a moment.", 1.0)


def _open(attempt: Attempt, seconds: float) -> Failed:
    """The refusal of a circuit that is open."""
    text = f"{attempt.name} failed too often just now and is not asked. Try again in {math.ceil(seconds)} s."
    return Failed("circuit_open", text, seconds)


def _host(url: httpcore.URL) -> str:
    host = url.host.decode()
    host = f"[{host}]" if ":" in host else host
    return host if url.port in {None, 80 if url.scheme == b"http" else 443} else f"{host}:{url.port}"


async def _loaded(attempt: Attempt) -> bool:
    """Whether an adapter was missing at a server that loads them on demand (it restarted, say), and is there now."""
    if attempt.adapter is None or not attempt.target.driver:
        return False
    try:
        await loading.aload(attempt.target, attempt.adapter)
    except ProviderError:
        return False
    return True


def _may_change(status: int) -> bool:
    """Whether another try, here or elsewhere, may bring something better."""
    return status >= 500 or status in AGAIN or status in ELSEWHERE


def _wait(answer: Answer, again: int) -> float | None:
    """Seconds to the next try of the same model; None when that is of no use."""
    if answer.status in ELSEWHERE or answer.headers.get(b"x-should-retry") == FALSE:
        return None
    asked = retry_after(answer.headers)
    if asked is None:
        return _backoff(again)
    return asked + random.uniform(0, 0.1) if asked <= LONGEST_WAIT else None  # noqa: S311  (spreads the load)


def _backoff(again: int) -> float:
    return min(0.25 * 2.0**again, 8.0) * random.uniform(0.5, 1.0)  # noqa: S311  (spreads the load)


def retry_after(headers: Mapping[bytes, bytes]) -> float | None:
    """Seconds that an answer asks to wait: milliseconds, seconds, or a date; None when it says nothing usable."""
    try:
        if raw := headers.get(b"retry-after-ms"):
            return max(0.0, float(raw) / 1000)
        raw = headers.get(b"retry-after", b"")
        if raw[:1].isdigit():
            return max(0.0, float(raw))
        return max(0.0, parsedate_to_datetime(raw.decode("latin-1")).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
