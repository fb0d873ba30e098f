"""A scripted OpenAI-compatible endpoint on loopback, with faults, for tests and benchmarks.

    def test_it(fake_openai):
        fake_openai.answer = "card_arrival"                       # one text for every call
        fake_openai.answer = lambda call: call.user.upper()       # or a function of the call
        fake_openai.script("one", Fault.status(500), "two")     # or first these, in order
        ...                                                       # point a provider at fake_openai.base_url
        assert fake_openai.calls[0].body["temperature"] == 0

By hand: `python -m tests.fakes.openai_server --port 8171 --delay-ms 50 --answer '{"score": 5}'`.
"""

import argparse
import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.fakes.openai_documents import MAKERS, completion, error_document
from tests.fakes.openai_script import Answer, Call, FakeOpenAI, Fault, Speaker

__all__ = ["Answer", "Call", "FakeOpenAI", "Fault", "Running", "Speaker", "fake_openai", "serving"]


class _Server:
    """HTTP/1.1 with keep-alive, as little of it as clients need."""

    def __init__(self, fake: FakeOpenAI) -> None:
        self.fake = fake
        self.tasks: set[asyncio.Task[None]] = set()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            while (call := await self._read(reader)) is not None:
                if not await self._serve(call, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Call | None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = first.split(" ", 2)
        parsed = json.loads(body) if body else {}
        return Call(
            method,
            path.partition("?")[0],
            headers,
            parsed if isinstance(parsed, dict) else {},
            time.monotonic(),
        )

    async def _serve(self, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one call; False when the connection is done."""
        fake = self.fake
        fake.calls.append(call)
        fake.in_flight += 1
        fake.peak = max(fake.peak, fake.in_flight)
        try:
            return await self._route(call, reader, writer)
        finally:
            fake.in_flight -= 1

    async def _route(self, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self.fake.api_key and call.headers.get("authorization") != f"Bearer {self.fake.api_key}":
            return await self._json(writer, 401, error_document(401))
        if call.path.endswith("/models"):
            items = [{"id": name, "object": "model", "created": 0, "owned_by": "fake"} for name in self.fake.models]
            return await self._json(writer, 200, {"object": "list", "data": items})
        if not call.path.endswith(("/chat/completions", "/responses", "/embeddings")):
            return await self._json(writer, 404, error_document(404))
        answer = (
            await asyncio.to_thread(self.fake.next_answer, call)
            if callable(self.fake.answer)
            else self.fake.next_answer(call)
        )
        if isinstance(answer, Fault) and answer.kind == "raw":
            return await self._raw(answer, reader, writer)
        waits = 0.0 if call.body.get("model") in self.fake.fast else self.fake.delay
        delay = waits + (answer.delay if isinstance(answer, Fault) else 0)
        if delay:
            await asyncio.sleep(delay)
        if isinstance(answer, Fault) and answer.kind != "slow":
            return await self._fail(call, answer, writer)
        text = answer.text if isinstance(answer, Fault) else answer
        made, pieces = next(makers for end, makers in MAKERS.items() if call.path.endswith(f"/{end}"))
        if call.body.get("stream"):
            return await self._stream(writer, pieces(call, text))
        return await self._json(writer, 200, made(call, text))

    async def _raw(self, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = "".join(f"{name}: {value}\r\n" for name, value in fault.headers)
        writer.write(f"HTTP/1.1 {fault.code} X\r\n{lines}Transfer-Encoding: chunked\r\n\r\n".encode())
        for piece in fault.pieces:
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
            try:
                await asyncio.wait_for(reader.read(1), fault.delay or 0.001)
            except TimeoutError:
                continue
            self.fake.hung_up += 1
            return False
        if fault.whole:
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        return fault.whole

    async def _fail(self, call: Call, fault: Fault, writer: asyncio.StreamWriter) -> bool:
        if fault.kind == "status":
            extra = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
            return await self._json(writer, fault.code, error_document(fault.code), extra)
        if fault.kind == "garbage":
            return await self._body(writer, 200, b"<html>Bad gateway</html>", {})
        if fault.kind == "wrong_shape":
            return await self._json(writer, 200, {"object": "chat.completion", "choices": []})
        body = json.dumps(completion(call, "never read")).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body[: len(body) // 2])
        await writer.drain()
        return False

    async def _json(
        self,
        writer: asyncio.StreamWriter,
        code: int,
        document: dict[str, Any],
        extra: dict[str, str] | None = None,
    ) -> bool:
        return await self._body(writer, code, json.dumps(document).encode(), extra or {})

    async def _body(self, writer: asyncio.StreamWriter, code: int, body: bytes, extra: dict[str, str]) -> bool:
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **extra}
        head = f"HTTP/1.1 {code} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        return True

    async def _stream(self, writer: asyncio.StreamWriter, events: list[bytes]) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for event in events:
            writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


async def serving(fake: FakeOpenAI, port: int = 0) -> AsyncIterator[None]:
    """Serve until the generator is closed; `fake.port` is set at the first step."""
    handler = _Server(fake)
    server = await asyncio.start_server(handler.connection, "127.0.0.1", port)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        open_connections = list(handler.tasks)
        for task in open_connections:
            task.cancel()
        await asyncio.gather(*open_connections, return_exceptions=True)


class Running:
    """The endpoint in a thread of its own: `with Running(FakeOpenAI()) as fake: ...`."""

    def __init__(self, fake: FakeOpenAI, port: int = 0) -> None:
        self.fake, self._port = fake, port
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="fake-openai", daemon=True)

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        generator = serving(self.fake, self._port)
        await anext(generator)
        self._ready.set()
        await self._stop.wait()
        await generator.aclose()  # type: ignore[attr-defined]

    def __enter__(self) -> FakeOpenAI:
        self._thread.start()
        if not self._ready.wait(60):
            raise RuntimeError("the fake endpoint did not start")
        return self.fake

    def __exit__(self, *exc: object) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


@pytest.fixture
def fake_openai() -> Iterator[FakeOpenAI]:
    """A running scripted endpoint; see this module's head."""
    with Running(FakeOpenAI()) as fake:
        yield fake


def main() -> None:
    """Serve by hand until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A scripted OpenAI-compatible endpoint on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=8171)
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--answer", default="ok", help="the text of every answer; @echo repeats the user's message")
    parser.add_argument("--model", action="append", help="a model id to list (repeatable)")
    parser.add_argument("--fast", action="append", help="a model that answers without the delay (repeatable)")
    parser.add_argument("--api-key")
    given = parser.parse_args()
    speaker: Speaker = (lambda call: call.user) if given.answer == "@echo" else given.answer
    fake = FakeOpenAI(
        answer=speaker,
        delay=given.delay_ms / 1000,
        fast=frozenset(given.fast or []),
        models=given.model or ["fake-model"],
        api_key=given.api_key,
    )
    with Running(fake, given.port):
        print(f"serving {fake.base_url}", flush=True)  # noqa: T201
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
