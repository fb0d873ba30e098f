"""Network streams for httpcore straight on asyncio: less work than over anyio, and a task hears before it waits."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

import httpcore

MOST_UNREAD = 1_000_000  # bytes that are taken from the network before somebody reads them


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a task wants of the reads that it makes: `before` is awaited before one waits, `seconds` is how long it may
    wait then; a timeout of httpcore's own comes first."""

    before: Callable[[], Awaitable[None]] | None = None
    seconds: Callable[[], float] | None = None


waiting: ContextVar[Waiting | None] = ContextVar("waiting", default=None)


class _Wire(asyncio.Protocol):
    """One connection: what came and was not read, and who waits for it."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.unread = bytearray()
        self.ended = False
        self.error: Exception | None = None
        self.full = False
        self._held = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.unread += data
        if len(self.unread) > MOST_UNREAD and not self._held:
            self._held = True
            self.transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        self.ended = True
        _wake(self._reader)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended, self.error = True, exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        _wake(self._writer)

    def take(self, most: int) -> bytes:
        """Some of what came."""
        if len(self.unread) <= most:
            found = bytes(self.unread)
            self.unread.clear()
        else:
            found = bytes(self.unread[:most])
            del self.unread[:most]
        if self._held and not self.ended:
            self._held = False
            self.transport.resume_reading()
        return found

    async def news(self, seconds: float | None) -> None:
        """Wait until something came, or the end. Raises TimeoutError."""
        self._reader = asyncio.get_running_loop().create_future()
        try:
            await _within(self._reader, seconds)
        finally:
            self._reader = None

    async def room(self, seconds: float | None) -> None:
        """Wait until what was written is on its way. Raises TimeoutError."""
        self._writer = asyncio.get_running_loop().create_future()
        try:
            await _within(self._writer, seconds)
        finally:
            self._writer = None


class Stream(httpcore.AsyncNetworkStream):
    """A connection as httpcore wants it."""

    def __init__(self, wire: _Wire) -> None:
        self._wire, self._transport = wire, wire.transport

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes, none at the end. Raises ReadTimeout, ReadError."""
        wire = self._wire
        if not wire.unread and (mine := waiting.get()) is not None:
            if mine.before is not None:
                await mine.before()
            if timeout is None and mine.seconds is not None:
                timeout = mine.seconds()
        while not wire.unread:
            if wire.error is not None or (self._transport.is_closing() and not wire.ended):
                raise httpcore.ReadError(str(wire.error or "The connection is closed."))
            if wire.ended:
                return b""
            try:
                await wire.news(timeout)
            except TimeoutError as exc:
                raise httpcore.ReadTimeout(str(exc)) from exc
        return wire.take(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Raises WriteTimeout, WriteError."""
        if self._transport.is_closing():
            raise httpcore.WriteError("The connection is closed.")
        self._transport.write(buffer)
        while self._wire.full:
            try:
                await self._wire.room(timeout)
            except TimeoutError as exc:
                raise httpcore.WriteTimeout(str(exc)) from exc
            if self._transport.is_closing():
                raise httpcore.WriteError("The connection is closed.")

    async def aclose(self) -> None:
        """Close at once, whatever waits to be written."""
        self._transport.close()
        asyncio.get_running_loop().call_soon(self._transport.abort)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """The same connection, encrypted. Raises ConnectTimeout, ConnectError."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                made = await loop.start_tls(self._transport, self._wire, ssl_context, server_hostname=server_hostname)
        except BaseException as exc:
            self._transport.abort()
            raise _of_connecting(exc) from exc
        if made is None:
            raise httpcore.ConnectError("The connection was closed.")
        self._wire.transport = made
        return Stream(self._wire)

    def get_extra_info(self, info: str) -> Any:
        """`is_readable` of a connection that nobody reads means that it was closed, or says what nobody asked."""
        if info == "is_readable":
            return bool(self._wire.unread) or self._wire.ended or self._transport.is_closing()
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._transport.get_extra_info(names.get(info, info))


class Backend(httpcore.AsyncNetworkBackend):
    """Connects by TCP."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises ConnectTimeout, ConnectError."""
        local = (local_address, 0) if local_address else None
        try:
            async with asyncio.timeout(timeout):
                loop = asyncio.get_running_loop()
                transport, wire = await loop.create_connection(_Wire, host, port, local_addr=local)
        except (OSError, ValueError) as exc:
            raise _of_connecting(exc) from exc
        found = transport.get_extra_info("socket")
        for option in socket_options or ():
            found.setsockopt(*option)
        return Stream(wire)

    async def sleep(self, seconds: float) -> None:
        """As the event loop does."""
        await asyncio.sleep(seconds)


def _of_connecting(exc: BaseException) -> BaseException:
    """As httpcore names it; what is no fault of the connection stays."""
    if isinstance(exc, TimeoutError):
        return httpcore.ConnectTimeout(str(exc))
    if isinstance(exc, OSError | ValueError):  # ssl.SSLError is an OSError
        return httpcore.ConnectError(str(exc))
    return exc


async def _within(future: "asyncio.Future[None]", seconds: float | None) -> None:
    if seconds is None:
        await future
        return
    timer = asyncio.get_running_loop().call_later(max(0.0, seconds), _late, future)
    try:
        await future
    finally:
        timer.cancel()


def _late(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_exception(TimeoutError("Nothing came in time."))


def _wake(future: "asyncio.Future[None] | None") -> None:
    if future is not None and not future.done():
        future.set_result(None)
