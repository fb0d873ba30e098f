"""Kept connections for httpcore by origin, taken and given back in constant time.

httpcore's own pool looks at every connection for every request, twice: with 64 streams that was half of the web
process's time. Here an origin's idle connections are a stack, the one used last on top.
"""

import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from ssl import SSLContext

import httpcore

SWEEP_SECONDS = 5.0
Key = tuple[bytes, bytes, int]


class Pool:
    """Connections by one backend. For one event loop; nothing in here waits but the network.

    `most` bounds all connections, `idle` those that wait for a next request, `idle_seconds` how long they wait.
    """

    def __init__(
        self,
        backend: httpcore.AsyncNetworkBackend,
        *,
        most: int,
        idle: int = 100,
        idle_seconds: float = 30.0,
        ssl_context: SSLContext | None = None,
    ) -> None:
        self._backend, self._ssl = backend, ssl_context
        self._most, self._most_idle, self._idle_seconds = most, idle, idle_seconds
        self._idle: dict[Key, deque[httpcore.AsyncHTTPConnection]] = {}
        self._swept = time.monotonic()
        self.waiting = 0  # connections that are open and idle
        self.lent = 0

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """The answer's head; its body is read from `aiter_stream`. Who gets an answer closes it.

        Raises what httpcore raises, PoolTimeout when too many connections are in use.
        """
        origin = request.url.origin
        key = (origin.scheme, origin.host, origin.port)
        await self._sweep()
        connection = await self._take(key)
        if connection is None:
            connection = await self._new(origin)
        self.lent += 1
        try:
            answer = await connection.handle_async_request(request)
        except BaseException:
            self.lent -= 1
            await connection.aclose()
            raise
        return httpcore.Response(
            answer.status,
            headers=answer.headers,
            content=_Body(answer, self, key, connection),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close what waits; what is lent is closed as it comes back."""
        self._most_idle = 0
        for stack in self._idle.values():
            for connection in stack:
                await connection.aclose()
        self._idle.clear()
        self.waiting = 0

    async def _take(self, key: Key) -> httpcore.AsyncHTTPConnection | None:
        """The idle connection that was used last and is still good."""
        stack = self._idle.get(key)
        while stack:
            connection = stack.pop()
            self.waiting -= 1
            if connection.is_available() and not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    async def _new(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        if self.lent + self.waiting >= self._most:
            await self._sweep(everything=True)
            if self.lent >= self._most:
                raise httpcore.PoolTimeout("Too many connections are in use.")
        return httpcore.AsyncHTTPConnection(
            origin, self._ssl, keepalive_expiry=self._idle_seconds, network_backend=self._backend
        )

    async def _give_back(self, key: Key, connection: httpcore.AsyncHTTPConnection) -> None:
        """Keep a connection whose answer came to its end; close any other."""
        self.lent -= 1
        if connection.is_idle() and self.waiting < self._most_idle:
            self._idle.setdefault(key, deque()).append(connection)
            self.waiting += 1
        elif not connection.is_closed():
            await connection.aclose()

    async def _sweep(self, *, everything: bool = False) -> None:
        """Close what has waited too long, now and then."""
        now = time.monotonic()
        if not everything and now - self._swept < SWEEP_SECONDS:
            return
        self._swept = now
        for key, stack in list(self._idle.items()):
            while stack and (everything or stack[0].has_expired()):  # the one that waits longest is at the bottom
                self.waiting -= 1
                await stack.popleft().aclose()
            if not stack and self._idle.get(key) is stack:  # another sweep may have been here while this one waited
                del self._idle[key]


class _Body:
    """The body of an answer, which gives the connection back when it is closed."""

    def __init__(
        self, answer: httpcore.Response, pool: Pool, key: Key, connection: httpcore.AsyncHTTPConnection
    ) -> None:
        self._answer, self._pool, self._key, self._connection = answer, pool, key, connection
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.aiter_stream()

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            await self._answer.aclose()
        finally:
            with suppress(httpcore.NetworkError):
                await self._pool._give_back(self._key, self._connection)  # noqa: SLF001  (a part of the pool)
