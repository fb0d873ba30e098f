"""Connections that are kept by origin: taken up again, never when they are spoilt, bounded, and closed in the end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpcore
import pytest

from variorum.lib.pool import Pool
from variorum.lib.streams import Backend

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Use = Callable[["Place"], Awaitable[None]]


class Place:
    """A server that says `answer` to everything, and what it saw."""

    def __init__(self) -> None:
        self.answer, self.url, self.opened, self.open = ANSWER, "", 0, 0
        self.hang_up = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened, self.open = self.opened + 1, self.open + 1
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(self.answer)
                await writer.drain()
                if self.hang_up:
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def at(use: Use) -> None:
    """Have `use` ask a server."""

    async def run() -> None:
        place = Place()
        async with await asyncio.start_server(place.serve, "127.0.0.1", 0) as server:
            place.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            await asyncio.wait_for(use(place), 60)

    asyncio.run(run())


async def ask(pool: Pool, url: str) -> httpcore.Response:
    host = httpcore.URL(url).host
    return await pool.handle_async_request(httpcore.Request("GET", url, headers=[(b"host", host)]))


async def read(answer: httpcore.Response) -> bytes:
    try:
        return b"".join([piece async for piece in answer.aiter_stream()])
    finally:
        await answer.aclose()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_a_connection_is_taken_up_again_and_side_by_side_there_are_more() -> None:
    async def use(place: Place) -> None:
        pool = Pool(Backend(), most=10)
        for _ in range(3):
            assert await read(await ask(pool, place.url)) == b"ok"
        assert (place.opened, pool.waiting, pool.lent) == (1, 1, 0)
        both = [await ask(pool, place.url) for _ in range(2)]
        assert (place.opened, pool.waiting, pool.lent) == (2, 0, 2)
        assert [await read(one) for one in both] == [b"ok", b"ok"]
        await pool.aclose()
        await until(lambda: place.open == 0)
        assert (pool.waiting, pool.lent) == (0, 0)

    at(use)


@pytest.mark.parametrize("how", ["half read", "cancelled", "server hung up", "too long ago", "too many wait"])
def test_a_spoilt_connection_is_closed_and_never_taken_up(how: str) -> None:
    async def use(place: Place) -> None:
        pool = Pool(Backend(), most=10, idle=0 if how == "too many wait" else 10, idle_seconds=60)
        if how == "half read":
            place.answer = ANSWER[:-1]
            await (await ask(pool, place.url)).aclose()
            place.answer = ANSWER
        elif how == "cancelled":
            place.answer = b""
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await ask(pool, place.url)
            place.answer = ANSWER
        else:
            place.hang_up = how == "server hung up"
            answer = await ask(pool, place.url)
            assert await read(answer) == b"ok"
            if place.hang_up:
                await until(lambda: all(stack[0].has_expired() for stack in pool._idle.values()))  # the news came
                place.hang_up = False
        if how == "too long ago":
            stack = next(iter(pool._idle.values()))
            stack[0]._connection._expire_at = 0.0  # type: ignore[union-attr]
        assert pool.lent == 0
        assert await read(await ask(pool, place.url)) == b"ok"
        assert place.opened == 2
        await until(lambda: place.open == (0 if how == "too many wait" else 1))
        await pool.aclose()

    at(use)


def test_connections_are_bounded_and_idle_ones_of_others_make_room() -> None:
    async def use(place: Place) -> None:
        pool = Pool(Backend(), most=2)
        other = place.url.replace("127.0.0.1", "localhost")
        assert await read(await ask(pool, other)) == b"ok"
        both = [await ask(pool, place.url) for _ in range(2)]
        with pytest.raises(httpcore.PoolTimeout):
            await ask(pool, place.url)
        assert (pool.lent, pool.waiting) == (2, 0)
        assert [await read(one) for one in both] == [b"ok", b"ok"]
        assert await read(await ask(pool, other)) == b"ok"
        await pool.aclose()

    at(use)


def test_who_is_not_there_takes_no_place() -> None:
    async def use(place: Place) -> None:
        pool = Pool(Backend(), most=1)
        for _ in range(3):
            with pytest.raises(httpcore.ConnectError):
                await ask(pool, "http://127.0.0.1:1/")
        assert await read(await ask(pool, place.url)) == b"ok"
        await pool.aclose()

    at(use)


def test_two_sweeps_at_once_lose_no_connection() -> None:
    async def use(place: Place) -> None:
        pool, go_on = Pool(Backend(), most=10), asyncio.Event()
        assert await read(await ask(pool, place.url)) == b"ok"
        first = next(iter(pool._idle.values()))[0]
        close = first.aclose

        async def slowly() -> None:
            await go_on.wait()
            await close()

        first.aclose = slowly  # type: ignore[method-assign]
        sweep = asyncio.create_task(pool._sweep(everything=True))
        await asyncio.sleep(0)
        await pool._sweep(everything=True)
        assert await read(await ask(pool, place.url)) == b"ok"
        go_on.set()
        await sweep
        assert await read(await ask(pool, place.url)) == b"ok"
        assert (place.opened, pool.waiting, pool.lent) == (2, 1, 0)
        await pool.aclose()

    at(use)
