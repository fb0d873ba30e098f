"""Logs: queued at once, sent once, never in the way."""

import json
import os
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.variorum_server import KEY, FakeVariorum, bundle_bytes, wait_until
from variorum_client import Client, logs
from variorum_client.ids import uuid7

CLIENT_PATH = Path(__file__).parents[2] / "platform" / "client"


@pytest.fixture
def server() -> Iterator[FakeVariorum]:
    with FakeVariorum() as fake:
        yield fake


@pytest.fixture
def sdk(server: FakeVariorum, tmp_path: Path) -> Iterator[Client]:
    with Client(server.url, KEY, cache_dir=tmp_path, refresh=60, timeout=2.0) as client:
        yield client
        server.fault = None


def test_a_log_says_what_was_served(server: FakeVariorum, sdk: Client) -> None:
    prompt = sdk.prompt("hello")
    began = datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    number = sdk.log(
        prompt=prompt,
        input={"variables": {"name": "Ada"}},
        output="Hi",
        started_at=began,
        latency_ms=12.5,
        input_tokens=3,
        output_tokens=1,
        cost=0.001,
        reference="ticket 7",
        tags=["a"],
        metadata={"region": "eu"},
    )
    assert sdk.flush()
    assert server.logs[number] == {
        "id": number,
        "prompt": "hello",
        "environment": "production",
        "commit": "a" * 40,
        "model": "local/base",
        "started_at": "2026-03-01T10:00:00.000000Z",
        "latency_ms": 12.5,
        "input": {"variables": {"name": "Ada"}},
        "output": "Hi",
        "input_tokens": 3,
        "output_tokens": 1,
        "cost": 0.001,
        "reference": "ticket 7",
        "tags": ["a"],
        "metadata": {"region": "eu"},
    }


def test_by_name_with_messages_and_an_error(server: FakeVariorum, sdk: Client) -> None:
    sdk.prompt("hello")
    number = sdk.log(prompt="hello", input=[{"role": "user", "content": "Hi"}], error="timeout", latency_ms=2000)
    other = sdk.log(prompt="elsewhere", input={}, output="")
    assert sdk.flush()
    entry = server.logs[number]
    assert entry["input"] == {"messages": [{"role": "user", "content": "Hi"}]}
    assert (entry["commit"], entry["error"], "output" in entry) == ("a" * 40, "timeout", False)
    age = datetime.now(UTC) - datetime.fromisoformat(entry["started_at"])
    assert timedelta(seconds=2) <= age < timedelta(seconds=30)
    assert "commit" not in server.logs[other]
    assert server.logs[other]["output"] == ""


def test_logs_go_in_batches(server: FakeVariorum, sdk: Client) -> None:
    for number in range(1000):
        sdk.log(prompt="hello", input={}, output=str(number))
    assert sdk.flush()
    assert len(server.logs) == 1000
    assert max(server.batches) == logs.BATCH
    assert len(server.batches) < 20
    assert (sdk.stats.logs_sent, sdk.stats.logs_queued, sdk.stats.logs_dropped) == (1000, 0, 0)


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_a_failing_server_is_tried_again_until_it_takes_them(server: FakeVariorum, sdk: Client, status: int) -> None:
    left = [3]

    def fault(handler: Any) -> bool:
        left[0] -= 1
        if left[0] >= 0:
            handler.problem(status, "no", "Not now.")
        return left[0] >= 0

    server.fault = fault
    sdk.log(prompt="hello", input={}, output="x")
    assert sdk.flush(20)
    assert len(server.logs) == 1
    assert sdk.stats.log_failures == 3
    assert sdk.stats.last_log_error == "Not now."


def test_an_answer_that_was_lost_makes_no_double(server: FakeVariorum, sdk: Client) -> None:
    left = [1]

    def fault(handler: Any) -> bool:
        left[0] -= 1
        if left[0] < 0:
            return False
        server.take(json.loads(handler.body)["logs"])
        handler.close_connection = True
        return True

    server.fault = fault
    sdk.log(prompt="hello", input={}, output="x")
    assert sdk.flush(20)
    assert len(server.logs) == 1
    assert (sdk.stats.logs_sent, sdk.stats.logs_duplicate) == (1, 1)


def test_a_portal_that_answers_200_is_no_acceptance(server: FakeVariorum, sdk: Client) -> None:
    left = [2]

    def fault(handler: Any) -> bool:
        left[0] -= 1
        if left[0] >= 0:
            handler.send(200, b"<html>please log in</html>")
        return left[0] >= 0

    server.fault = fault
    sdk.log(prompt="hello", input={}, output="x")
    assert sdk.flush(20)
    assert len(server.logs) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_bad_log_does_not_stop_the_others(server: FakeVariorum, sdk: Client, status: int) -> None:
    def fault(handler: Any) -> bool:
        if b"poison" in handler.body:
            handler.problem(status, "invalid", "This cannot be stored.")
            return True
        return False

    server.fault = fault
    for number in range(100):
        sdk.log(prompt="hello", input={}, output="poison" if number == 37 else str(number))
    assert sdk.flush(20)
    assert len(server.logs) == 99
    assert (sdk.stats.logs_rejected, sdk.stats.logs_sent) == (1, 99)


def test_logs_that_the_server_blames_are_given_up_at_once(server: FakeVariorum, sdk: Client) -> None:
    def fault(handler: Any) -> bool:
        entries = json.loads(handler.body)["logs"]
        errors = [{"where": f"logs.{i}.cost", "detail": "x"} for i, entry in enumerate(entries) if "cost" in entry]
        if errors:
            handler.send(400, json.dumps({"code": "invalid_logs", "detail": "No.", "errors": errors}).encode())
        return bool(errors)

    server.fault = fault
    for number in range(100):
        sdk.log(prompt="hello", input={}, output=str(number), cost=1.0 if number % 10 == 3 else None)
    assert sdk.flush(20)
    assert len(server.logs) == 90
    assert (sdk.stats.logs_rejected, sdk.stats.logs_sent) == (10, 90)
    assert sdk.stats.log_failures <= 2


def test_what_cannot_be_logged_is_dropped_and_counted(server: FakeVariorum, sdk: Client) -> None:
    circle: list[object] = []
    circle.append(circle)

    class Awkward:
        def __str__(self) -> str:
            raise KeyError("no")

    wrong: Any = None
    for value in (circle, Awkward(), "x" * 3_000_000):
        sdk.log(prompt="hello", input={"variables": {"x": value}})
    sdk.log(prompt="hello", input=wrong)
    sdk.log(prompt="hello", input={}, started_at=wrong or "yesterday")
    odd = {"at": datetime(2026, 1, 1, tzinfo=UTC), "half": "\ud800", "nul": "a\0b", "nan": [float("nan"), 1.5]}
    kept = sdk.log(prompt="hello", input={"variables": odd})
    assert sdk.flush()
    assert sdk.stats.logs_dropped == 5
    assert server.logs[kept]["input"]["variables"] == {
        "at": "2026-01-01 00:00:00+00:00",
        "half": "?",
        "nul": "a\ufffdb",
        "nan": ["nan", 1.5],
    }


def test_a_full_queue_drops_and_never_blocks(server: FakeVariorum, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(logs, "CAPACITY", 50)

    def fault(handler: Any) -> bool:
        handler.problem(503, "no", "Not now.")
        return True

    server.fault = fault
    with Client(server.url, KEY, cache_dir=tmp_path, timeout=1.0) as sdk:
        began = time.monotonic()
        for number in range(5000):
            sdk.log(prompt="hello", input={}, output=str(number))
        assert time.monotonic() - began < 5
        assert sdk.stats.logs_dropped >= 4000
        assert sdk.stats.logs_queued <= 50 + logs.BATCH
        assert not sdk.flush(0.1)
        began = time.monotonic()
        sdk.close(0.2)
        assert time.monotonic() - began < 3
    stats = sdk.stats
    wait_until(lambda: sdk.stats.logs_queued == 0)
    assert sdk.stats.logs_dropped == 5000
    assert stats.logs_sent == 0


def test_what_is_queued_at_exit_is_sent(server: FakeVariorum, tmp_path: Path) -> None:
    code = """
        from variorum_client import Client
        sdk = Client(cache_dir=FOLDER)
        for number in range(300):
            sdk.log(prompt="hello", input={}, output=str(number))
        del sdk
    """
    source = f"FOLDER = {str(tmp_path)!r}\n" + textwrap.dedent(code)
    settings = {**os.environ, "PYTHONPATH": str(CLIENT_PATH), "VARIORUM_URL": server.url, "VARIORUM_API_KEY": KEY}
    done = subprocess.run([sys.executable, "-c", source], env=settings, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(server.logs) == 300


def test_memory_is_bounded_in_bytes_too(server: FakeVariorum, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(logs, "MAX_QUEUED_BYTES", 50_000)
    server.fault = lambda handler: handler.problem(503, "no", "Not now.") or True
    with Client(server.url, KEY, cache_dir=tmp_path, timeout=1.0) as sdk:
        for _ in range(100):
            sdk.log(prompt="hello", input={}, output="x" * 5_000)
        assert sdk._logs._bytes <= 50_000
        assert sdk.stats.logs_dropped >= 60
        sdk.close(0.1)


def test_an_app_that_ends_at_sigterm_sends_what_is_queued(server: FakeVariorum, tmp_path: Path) -> None:
    source = f"""
import signal, sys, time
from variorum_client import Client
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
sdk = Client(cache_dir={str(tmp_path)!r})
for number in range(50):
    sdk.log(prompt="hello", input={{}}, output=str(number))
signal.raise_signal(signal.SIGTERM)
"""
    settings = {**os.environ, "PYTHONPATH": str(CLIENT_PATH), "VARIORUM_URL": server.url, "VARIORUM_API_KEY": KEY}
    done = subprocess.run([sys.executable, "-c", source], env=settings, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(server.logs) == 50


def test_without_a_thread_nothing_is_raised(server: FakeVariorum, tmp_path: Path, monkeypatch: Any) -> None:
    """A machine out of threads: the app asks once by itself, and logs wait in the queue."""

    real = threading.Thread.start

    def start(self: Any) -> None:
        if isinstance(self, threading.Timer) or self.name.startswith("variorum"):
            raise RuntimeError("can't start new thread")
        real(self)

    with Client(server.url, KEY, cache_dir=tmp_path, timeout=1.0) as sdk:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start)
            assert sdk.prompt("hello").commit == "a" * 40
            sdk.log(prompt="hello", input={}, output="1")
        assert server.logs == {}
        server.serve(bundle_bytes("Bye {{name}}", "b" * 40))
        wait_until(lambda: sdk.prompt("hello").commit == "b" * 40)  # the reads have started the refreshing
        sdk.log(prompt="hello", input={}, output="2")
        assert sdk.flush()
    assert sorted(entry["output"] for entry in server.logs.values()) == ["1", "2"]


def test_a_dead_server_does_not_hold_up_the_exit(server: FakeVariorum, tmp_path: Path) -> None:
    server.stop()
    source = f"""
from variorum_client import Client
Client(cache_dir={str(tmp_path)!r}).log(prompt="hello", input={{}}, output="x")
"""
    settings = {**os.environ, "PYTHONPATH": str(CLIENT_PATH), "VARIORUM_URL": server.url, "VARIORUM_API_KEY": KEY}
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", source], env=settings, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert time.monotonic() - began < 15
    assert KEY not in done.stderr


def test_ids_are_uuid_version_7_and_sort_by_time() -> None:
    first = uuid7()
    time.sleep(0.002)
    second = uuid7()
    assert first < second
    parsed = uuid.UUID(first)
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert abs((parsed.int >> 80) / 1000 - time.time()) < 5
    assert len({uuid7() for _ in range(10_000)}) == 10_000
