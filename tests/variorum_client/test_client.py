"""The client against a real server that fails in every way: what is known stays readable."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.variorum_server import KEY, FakeVariorum, bundle_bytes, wait_until
from variorum_client import AsyncClient, Client, NotReady, UnknownArtefact
from variorum_client.cache import DiskCache

CLIENT_PATH = Path(__file__).parents[2] / "platform" / "client"


@pytest.fixture
def server() -> Iterator[FakeVariorum]:
    with FakeVariorum() as fake:
        yield fake


def client(server: FakeVariorum, folder: Path, **options: Any) -> Client:
    given = {"cache_dir": folder, "refresh": 0.05, "timeout": 2.0, **options}
    return Client(server.url, KEY, **given)


def greeting(client: Client) -> str:
    text = client.prompt("hello").messages({"name": "Ada"})[0]["content"]
    assert isinstance(text, str)
    return text


def test_the_first_fetch_is_one_call_and_later_ones_are_none(server: FakeVariorum, tmp_path: Path) -> None:
    with client(server, tmp_path, refresh=60) as sdk:
        assert server.calls == []
        prompt = sdk.prompt("hello")
        assert (prompt.model, prompt.commit, prompt.adapter) == ("local/base", "a" * 40, None)
        assert prompt.config == {"temperature": 0.5}
        assert prompt.messages({"name": "Ada"}) == [{"role": "user", "content": "Hello Ada"}]
        assert sdk.config("limits") == {"rate": 5}
        assert sdk.commit == "a" * 40
        assert [(method, path) for method, path, _ in server.calls] == [("GET", "/api/v1/runtime/production/bundle")]
        assert server.calls[0][2]["Authorization"] == f"Bearer {KEY}"


def test_many_threads_at_once_make_one_call(server: FakeVariorum, tmp_path: Path) -> None:
    server.fault = lambda handler: bool(time.sleep(0.2))
    with client(server, tmp_path, refresh=60) as sdk:
        got: list[str] = []
        threads = [threading.Thread(target=lambda: got.append(greeting(sdk))) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert got == ["Hello Ada"] * 12
        assert len(server.calls) == 1


def test_unchanged_bundles_are_answered_304_and_new_ones_arrive(server: FakeVariorum, tmp_path: Path) -> None:
    with client(server, tmp_path) as sdk:
        held = sdk.prompt("hello")
        wait_until(lambda: sdk.stats.not_modified >= 2)
        assert sdk.stats.updates == 1
        server.serve(bundle_bytes("Bye {{name}}", "b" * 40))
        wait_until(lambda: sdk.prompt("hello").commit == "b" * 40)
        assert greeting(sdk) == "Bye Ada"
        assert held.messages({"name": "Ada"})[0]["content"] == "Hello Ada"
        assert held.commit == "a" * 40


def test_refresh_asks_now(server: FakeVariorum, tmp_path: Path) -> None:
    with client(server, tmp_path, refresh=600) as sdk:
        greeting(sdk)
        server.serve(bundle_bytes("Bye {{name}}", "b" * 40))
        sdk.refresh()
        wait_until(lambda: greeting(sdk) == "Bye Ada")


def test_unknown_names_are_told_from_known_ones(server: FakeVariorum, tmp_path: Path) -> None:
    with client(server, tmp_path) as sdk:
        with pytest.raises(UnknownArtefact, match="hello"):
            sdk.prompt("helo")
        with pytest.raises(UnknownArtefact, match="limits"):
            sdk.config("x")


def _slow(handler: Any) -> bool:
    time.sleep(0.6)
    return False


def _garbage(handler: Any) -> bool:
    handler.send(200, b"<html>captive portal</html>")
    return True


def _altered(handler: Any) -> bool:
    handler.send(200, bundle_bytes("Evil").replace(b"Evil", b"evil"))
    return True


def _other_environment(handler: Any) -> bool:
    handler.send(200, bundle_bytes("Other", environment="staging"))
    return True


def _unauthorised(handler: Any) -> bool:
    handler.problem(401, "not_authenticated", "The API key has expired.")
    return True


def _broken(handler: Any) -> bool:
    handler.problem(500, "internal", "Oops.")
    return True


def _cut_off(handler: Any) -> bool:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'{"format":1')
    handler.close_connection = True
    return True


def _redirect(handler: Any) -> bool:
    handler.send(302, b"", Location="http://127.0.0.1:1/elsewhere")
    return True


def _lying_304(handler: Any) -> bool:
    handler.send(304, b"")
    return True


def _not_http(handler: Any) -> bool:
    handler.wfile.write(b"\x00\x01\x02 not http at all\r\n\r\n")
    handler.close_connection = True
    return True


def _drip(handler: Any, body: bytes) -> bool:
    """A byte now and then: no single step takes long, the whole never ends."""
    for place in range(len(body)):
        handler.wfile.write(body[place : place + 1])
        handler.wfile.flush()
        time.sleep(0.02)
    return True


def _dripping_head(handler: Any) -> bool:
    return _drip(handler, b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000)


def _dripping_body(handler: Any) -> bool:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(bundle_bytes())))
    handler.end_headers()
    return _drip(handler, bundle_bytes())


FAULTS = [
    _slow,
    _dripping_head,
    _dripping_body,
    _garbage,
    _altered,
    _other_environment,
    _unauthorised,
    _broken,
    _cut_off,
    _redirect,
    _not_http,
]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_known_outlives_every_fault(server: FakeVariorum, tmp_path: Path, fault: Any) -> None:
    with client(server, tmp_path, timeout=0.3) as sdk:
        greeting(sdk)
        server.fault = fault
        server.serve(bundle_bytes("Bye {{name}}", "b" * 40))
        before = sdk.stats.failures
        wait_until(lambda: sdk.stats.failures >= before + 2)
        assert greeting(sdk) == "Hello Ada"
        assert sdk.stats.last_error
        assert KEY not in sdk.stats.last_error
        server.fault = None
        wait_until(lambda: greeting(sdk) == "Bye Ada")


@pytest.mark.parametrize("fault", [*FAULTS, _lying_304])
def test_a_first_start_that_fails_says_so_and_recovers(server: FakeVariorum, tmp_path: Path, fault: Any) -> None:
    server.fault = fault
    with client(server, tmp_path, timeout=0.3) as sdk:
        with pytest.raises(NotReady) as caught:
            sdk.prompt("hello")
        assert "production" in str(caught.value)
        assert KEY not in str(caught.value)
        took = []
        for _ in range(5):
            began = time.monotonic()
            with pytest.raises(NotReady):
                sdk.config("limits")
            took.append(time.monotonic() - began)
        assert min(took) < 0.2
        server.fault = None
        wait_until(lambda: sdk.stats.origin == "server")
        assert greeting(sdk) == "Hello Ada"


def test_a_dead_server_leaves_the_copy_on_disk(server: FakeVariorum, tmp_path: Path) -> None:
    with client(server, tmp_path) as sdk:
        greeting(sdk)
    server.stop()
    with client(server, tmp_path) as sdk:
        assert greeting(sdk) == "Hello Ada"
        assert sdk.stats.origin == "disk"
        assert sdk.stats.failures >= 1
    other = Client(server.url, "vk_another_key", cache_dir=tmp_path, timeout=0.3)
    with other, pytest.raises(NotReady):
        other.prompt("hello")


def test_a_slow_server_makes_way_for_the_copy_on_disk(server: FakeVariorum, tmp_path: Path) -> None:
    with client(server, tmp_path) as sdk:
        greeting(sdk)
    gate = threading.Event()
    server.serve(bundle_bytes("Bye {{name}}", "b" * 40))
    server.fault = lambda handler: not gate.wait(10)
    with client(server, tmp_path, timeout=8.0) as sdk:
        began = time.monotonic()
        assert greeting(sdk) == "Hello Ada"
        assert time.monotonic() - began < 4
        gate.set()
        wait_until(lambda: greeting(sdk) == "Bye Ada")
        assert sdk.stats.origin == "server"


def test_the_copy_on_disk_is_confirmed_by_a_304(server: FakeVariorum, tmp_path: Path) -> None:
    with client(server, tmp_path) as sdk:
        greeting(sdk)
    server.fault = _broken
    with client(server, tmp_path) as sdk:
        greeting(sdk)
        server.fault = None
        wait_until(lambda: sdk.stats.not_modified)
        assert sdk.stats.updates == 0


@pytest.mark.parametrize("damage", ["empty", "half", "altered", "garbage", "folder", "huge"])
def test_a_damaged_copy_is_not_believed(server: FakeVariorum, tmp_path: Path, damage: str) -> None:
    with client(server, tmp_path) as sdk:
        greeting(sdk)
    (file,) = tmp_path.iterdir()
    body = file.read_bytes()
    if damage == "folder":
        file.unlink()
        file.mkdir()
    elif damage == "huge":
        with file.open("r+b") as handle:
            handle.truncate(100_000_000)
    else:
        content = {"empty": b"", "half": body[: len(body) // 2], "garbage": b"\xff" * 99}
        file.write_bytes(content.get(damage, body.replace(b"Hello", b"Jello")))
    server.stop()
    with client(server, tmp_path, timeout=0.5) as sdk:
        with pytest.raises(NotReady):
            sdk.prompt("hello")
        if damage != "huge":
            assert sdk.stats.disk_failures == 1


def test_a_fallback_file_serves_a_first_start_without_server(server: FakeVariorum, tmp_path: Path) -> None:
    server.stop()
    fallback = tmp_path / "bundle.json"
    fallback.write_bytes(bundle_bytes("Fallen {{name}}"))
    with client(server, tmp_path / "cache", fallback=fallback, timeout=0.5) as sdk:
        assert greeting(sdk) == "Fallen Ada"
        assert sdk.stats.origin == "fallback"


def test_a_folder_that_cannot_be_written_is_counted_only(server: FakeVariorum, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with client(server, tmp_path / "file" / "cache") as sdk:
        assert greeting(sdk) == "Hello Ada"
        assert sdk.stats.disk_failures == 1


def test_a_clock_that_jumps_changes_nothing(
    server: FakeVariorum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client(server, tmp_path) as sdk:
        greeting(sdk)
        real = time.time
        for years in (50, -50):
            monkeypatch.setattr(time, "time", lambda years=years: real() + years * 3e7)
            count = sdk.stats.fetches
            wait_until(lambda count=count: sdk.stats.fetches >= count + 3)
            assert greeting(sdk) == "Hello Ada"


def test_retry_after_is_respected(server: FakeVariorum, tmp_path: Path) -> None:
    def busy(handler: Any) -> bool:
        handler.problem(429, "rate_limited", "Slow down.", Retry_After="60")
        return True

    with client(server, tmp_path) as sdk:
        greeting(sdk)
        server.fault = busy
        wait_until(lambda: sdk.stats.failures == 1)
        count = len(server.calls)
        time.sleep(0.4)
        assert len(server.calls) == count


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("", KEY),
        ("ftp://x", KEY),
        ("http://", KEY),
        ("http://user:hunter2@host", KEY),
        ("http://[bad", KEY),
        ("http://host?x=1", KEY),
        ("http://host", ""),
        ("http://host", "two\nlines"),
        ("http://host", "schlüssel"),
    ],
)
def test_a_wrong_address_or_key_is_refused_without_being_shown(url: str, key: str) -> None:
    with pytest.raises(ValueError) as caught:
        Client(url, key)
    assert "hunter2" not in str(caught.value)
    assert "lines" not in str(caught.value)


def test_secrets_stay_out_of_sight(server: FakeVariorum, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server.fault = _unauthorised
    with client(server, tmp_path) as sdk:
        with pytest.raises(NotReady) as caught:
            sdk.prompt("hello")
        shown = [repr(sdk), repr(vars(sdk)), str(caught.value), repr(sdk.stats), caplog.text]
        assert not any(KEY in text for text in shown)
        assert "expired" in str(caught.value)
    assert KEY not in "".join(map(str, tmp_path.rglob("*")))


def test_closing_twice_is_fine_and_reading_goes_on(server: FakeVariorum, tmp_path: Path) -> None:
    sdk = client(server, tmp_path)
    greeting(sdk)
    sdk.close()
    sdk.close()
    assert greeting(sdk) == "Hello Ada"
    fresh = client(server, tmp_path / "other")
    fresh.close()
    began = time.monotonic()
    with pytest.raises(NotReady):
        fresh.prompt("hello")
    assert time.monotonic() - began < 1


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "PYTHONPATH": str(CLIENT_PATH), **environment}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_full_disk_is_counted_and_leaves_the_old_copy(server: FakeVariorum, tmp_path: Path) -> None:
    with client(server, tmp_path) as sdk:
        greeting(sdk)
    (file,) = tmp_path.iterdir()
    before = file.read_bytes()
    server.serve(bundle_bytes("Bye {{name}} " + "x" * 50_000, "b" * 40))
    code = """
        import os, resource, signal
        from variorum_client import Client
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        with Client(cache_dir=os.environ["FOLDER"]) as sdk:
            assert sdk.prompt("hello").commit == "b" * 40
            while not sdk.stats.disk_failures:
                pass
    """
    done = run_python(code, VARIORUM_URL=server.url, VARIORUM_API_KEY=KEY, FOLDER=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_a_kill_at_any_moment_leaves_a_whole_copy(server: FakeVariorum, tmp_path: Path) -> None:
    code = """
        import os
        from variorum_client.cache import DiskCache
        cache = DiskCache(os.environ["FOLDER"], "x")
        cache.store(b"a" * 3_000_000)
        print("go", flush=True)
        while True:
            for letter in (b"a", b"b"):
                cache.store(letter * 3_000_000)
    """
    settings = {**os.environ, "PYTHONPATH": str(CLIENT_PATH), "FOLDER": str(tmp_path)}
    for number in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)], env=settings, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.05 + number * 0.017)
        process.kill()
        process.wait()
        process.stdout.close()
        (file,) = tmp_path.glob("*.json")
        body = file.read_bytes()
        assert body in (b"a" * 3_000_000, b"b" * 3_000_000)
    leftovers = list(tmp_path.glob("*.part"))
    for part in leftovers:
        os.utime(part, (0, 0))
    DiskCache(tmp_path, "x").store(b"c")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"c"]


def test_a_forked_child_goes_on_by_itself(server: FakeVariorum, tmp_path: Path) -> None:
    code = """
        import os, time
        from variorum_client import Client
        sdk = Client(cache_dir=os.environ["FOLDER"], refresh=0.05)
        sdk.prompt("hello")
        sdk.log(prompt="hello", input={}, output="parent")
        child = os.fork()
        who = "child" if child == 0 else "parent"
        sdk.prompt("hello")
        sdk.log(prompt="hello", input={}, output=who)
        count = sdk.stats.fetches
        deadline = time.monotonic() + 20
        while sdk.stats.fetches < count + 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert sdk.flush(20)
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        sdk.close()
    """
    done = run_python(code, VARIORUM_URL=server.url, VARIORUM_API_KEY=KEY, FOLDER=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert sorted(entry["output"] for entry in server.logs.values()) == ["child", "parent", "parent"]
    assert server.duplicates == 0


async def test_the_async_client_does_the_same(server: FakeVariorum, tmp_path: Path) -> None:
    async with AsyncClient(server.url, KEY, cache_dir=tmp_path, refresh=60) as sdk:
        prompt = await sdk.prompt("hello")
        assert prompt.messages({"name": "Ada"})[0]["content"] == "Hello Ada"
        assert await sdk.config("limits") == {"rate": 5}
        with pytest.raises(UnknownArtefact):
            await sdk.prompt("nope")
        sdk.log(prompt=prompt, input={"variables": {"name": "Ada"}}, output="x")
        assert await sdk.flush()
        assert sdk.stats.logs_sent == 1
        assert KEY not in repr(sdk)
    assert len(server.calls) == 2


def test_a_cached_fetch_costs_next_to_nothing(server: FakeVariorum, tmp_path: Path) -> None:
    """2 µs of this thread's own time: what other processes take meanwhile does not count."""
    with client(server, tmp_path, refresh=60) as sdk:
        sdk.prompt("hello")
        fetch, best = sdk.prompt, 1.0
        for _ in range(20):
            began = time.thread_time()
            for _ in range(5_000):
                fetch("hello")
            best = min(best, (time.thread_time() - began) / 5_000)
        assert best < 2e-6
