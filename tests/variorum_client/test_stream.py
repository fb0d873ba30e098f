"""News by stream: a change is in use at once, and without a stream the client asks from time to time."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.variorum_server import KEY, FakeVariorum, bundle_bytes, wait_until
from variorum_client import Client, stream
from variorum_client.connection import Connection
from variorum_client.sse import EventReader, StreamError
from variorum_client.stats import Counter


@pytest.fixture
def server() -> Iterator[FakeVariorum]:
    with FakeVariorum() as fake:
        fake.streaming = True
        yield fake


def listening(server: FakeVariorum, folder: Path, **options: Any) -> Client:
    """A client that would ask once an hour, with its stream open and all caught up."""
    sdk = Client(server.url, KEY, cache_dir=folder, **{"refresh": 3600, "timeout": 2.0, **options})
    sdk.prompt("hello")
    wait_until(lambda: sdk.stats.streaming and sdk.stats.stream_events)
    return sdk


def test_a_change_is_in_use_within_a_second(server: FakeVariorum, tmp_path: Path) -> None:
    with listening(server, tmp_path) as sdk:
        took = []
        for number in range(3):
            commit = str(number) * 40
            began = time.monotonic()
            server.serve(bundle_bytes(f"Number {number}", commit))
            wait_until(lambda commit=commit: sdk.prompt("hello").commit == commit)
            took.append(time.monotonic() - began)
        assert min(took) < 1.0
        assert sdk.stats.stream_events == 4


def test_the_tag_in_use_is_not_fetched_again(server: FakeVariorum, tmp_path: Path) -> None:
    with listening(server, tmp_path) as sdk:
        before = sdk.stats.fetches
        server.tell(server.body)
        server.say(b": beat\n\nevent: other\ndata: x\n\n")
        wait_until(lambda: sdk.stats.stream_events == 2)
        server.say(b"event: bundle\ndata: no json\n\n")
        wait_until(lambda: sdk.stats.fetches == before + 1)
        assert before == 1


def test_a_server_that_is_behind_its_own_news_is_asked_again(server: FakeVariorum, tmp_path: Path) -> None:
    with listening(server, tmp_path) as sdk:
        new = bundle_bytes("Bye {{name}}", "b" * 40)
        server.tell(new)
        before = sdk.stats.not_modified
        wait_until(lambda: sdk.stats.not_modified > before)
        server.body = new
        wait_until(lambda: sdk.prompt("hello").commit == "b" * 40)


def test_what_was_missed_while_the_stream_was_broken_is_caught_up(
    server: FakeVariorum, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(stream, "MAX_BACKOFF", 0.2)
    with listening(server, tmp_path) as sdk:
        server.streaming = False
        server.body = bundle_bytes("Bye {{name}}", "b" * 40)
        server.say(None)
        wait_until(lambda: sdk.prompt("hello").commit == "b" * 40)
        assert sdk.stats.failures == 0


def test_a_broken_stream_is_opened_again(server: FakeVariorum, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(stream, "MAX_BACKOFF", 0.2)
    with listening(server, tmp_path) as sdk:
        for _ in range(3):
            opened = sdk.stats.stream_opened
            server.say(None)
            wait_until(lambda opened=opened: sdk.stats.stream_opened > opened)
        server.serve(bundle_bytes("Bye {{name}}", "b" * 40))
        wait_until(lambda: sdk.prompt("hello").commit == "b" * 40)
        assert sdk.stats.stream_failures >= 3


def test_without_a_stream_the_client_asks(server: FakeVariorum, tmp_path: Path) -> None:
    server.streaming = False
    with Client(server.url, KEY, cache_dir=tmp_path, refresh=0.05) as sdk:
        sdk.prompt("hello")
        server.serve(bundle_bytes("Bye {{name}}", "b" * 40))
        wait_until(lambda: sdk.prompt("hello").commit == "b" * 40)
        wait_until(lambda: sdk.stats.stream_failures)
        assert sdk.stats.streaming is False
    asked = server.opened
    with Client(server.url, KEY, cache_dir=tmp_path, refresh=0.05, stream=False) as sdk:
        sdk.prompt("hello")
        wait_until(lambda: sdk.stats.fetches > 3)
        assert server.opened == asked


def test_a_stream_that_was_not_found_is_asked_for_again_soon(
    server: FakeVariorum, tmp_path: Path, monkeypatch: Any
) -> None:
    """An older server, or a proxy that did not know the address yet."""
    monkeypatch.setattr(stream, "MAX_BACKOFF", 0.2)
    server.streaming = False
    with Client(server.url, KEY, cache_dir=tmp_path, refresh=3600) as sdk:
        sdk.prompt("hello")
        wait_until(lambda: sdk.stats.stream_failures > 1)
        server.streaming = True
        wait_until(lambda: sdk.stats.streaming)


@pytest.mark.parametrize("failures", [1, 5, 400])
def test_pauses_between_streams_grow_to_a_minute_and_a_half_at_most(
    server: FakeVariorum, monkeypatch: Any, failures: int
) -> None:
    server.streaming = False
    connection = Connection(server.url, KEY, timeout=10.0)
    listener = stream.Listener(connection, "production", Counter())
    listener._failures = failures - 1
    monkeypatch.setattr(stream.random, "uniform", lambda low, high: high)
    assert listener.listen(lambda tag: None) == {1: 1.5, 5: 24.0, 400: 90.0}[failures]
    connection.close()


@pytest.mark.parametrize("piece", [b": drip", b""])
def test_a_silent_stream_is_dead(server: FakeVariorum, tmp_path: Path, monkeypatch: Any, piece: bytes) -> None:
    """Silence, or bytes that never end a line."""
    monkeypatch.setattr(stream, "SILENCE_SECONDS", 0.3)
    with Client(server.url, KEY, cache_dir=tmp_path, refresh=3600) as sdk:
        sdk.prompt("hello")
        wait_until(lambda: sdk.stats.stream_opened)

        def failed() -> bool:
            if piece:
                server.say(piece)
            return sdk.stats.stream_failures > 0

        wait_until(failed)
        assert sdk.prompt("hello").commit == "a" * 40


def test_closing_does_not_wait_for_the_stream(server: FakeVariorum, tmp_path: Path) -> None:
    sdk = listening(server, tmp_path)
    began = time.monotonic()
    sdk.close()
    assert time.monotonic() - began < 3
    assert sdk.stats.streaming is False
    wait_until(lambda: not server.streams or server.say(b": x\n\n"))


@pytest.mark.parametrize("piece", [b"data: x" * 100, b"data: " + b"x" * 60_000 + b"\n"])
def test_memory_is_bounded(piece: bytes) -> None:
    reader = EventReader()
    with pytest.raises(StreamError, match="without end"):
        all(reader.feed(piece) == [] for _ in range(1000))


def test_pieces_do_not_matter() -> None:
    text = "\ufeffevent: bundle\r\nid: 3\r\ndata: ü\r\ndata: 2\r\r\n: x\n\ndata: y\n\n".encode()
    whole = EventReader().feed(text)
    for size in range(1, len(text)):
        reader = EventReader()
        found = [event for at in range(0, len(text), size) for event in reader.feed(text[at : at + size])]
        assert found == whole
    assert [json.dumps(event.data) for event in whole] == ['"\\u00fc\\n2"', '"y"']
