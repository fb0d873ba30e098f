"""The model server while everything about it changes: nobody who asks it may notice."""

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from variorum.inference import engine
from variorum.inference.base_model import ensure_serving
from variorum.inference.catalogue import adapter_name
from variorum.inference.engine import Engines, NoRoom, Options, UnknownModel, bytes_of
from variorum.inference.gguf_lora import export
from variorum.inference.services import acomplete, async_client
from variorum.inference.shapes import LOCAL, ProviderError, Target
from variorum.inference.vllm import Vllm

MESSAGES = [{"role": "user", "content": "the tooth path"}]
CONFIG = {"temperature": 0, "max_tokens": 6, "ignore_eos": True}


class Server:
    """A running model server: its address, and the pids of the keeper and of the process that answers."""

    def __init__(self, command: list[str]) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.command = [*command, "--socket-fd", str(self.listening.fileno())]
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}/v1"
        self.start()
        self.said("model server:")

    def start(self) -> None:
        fds = [self.listening.fileno()]
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True, pass_fds=fds)

    def kill_keeper(self) -> None:
        """As the launcher sees it: the process is gone, its group with it, and it starts another on its socket."""
        old, child = self.process, self.child()
        old.kill()
        assert old.wait(60) == -signal.SIGKILL
        with contextlib.suppress(ProcessLookupError):  # it ends by itself, too
            os.kill(child, signal.SIGKILL)
        assert old.stderr is not None
        old.stderr.close()
        self.start()

    def said(self, start: str) -> str:
        """The next line of its log that begins so."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith(start):
                return line
        raise AssertionError(f"it ended without saying {start!r}")

    def child(self) -> int:
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[-1])

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        self.process.stderr.read()
        assert self.process.wait(60) == 0
        self.process.stderr.close()
        self.listening.close()


@pytest.fixture
def server(tiny_model: Any, tmp_path: Path, make_adapter: Callable[..., Path]) -> Iterator[Server]:
    """Room for two adapters."""
    gguf = ensure_serving(tiny_model.models_dir, "tiny")
    export(make_adapter(9), gguf, tmp_path / "one.gguf")
    room = 2.5 * bytes_of(gguf, 1024, tmp_path / "one.gguf") / 2**20
    folders = ["--models-dir", str(tiny_model.models_dir), "--adapters-dir", str(tmp_path / "adapters")]
    command = [sys.executable, "-m", "variorum.inference.serve", "--port", "0", "--model", "tiny", *folders]
    server = Server([*command, "--context", "1024", "--memory", str(room)])
    yield server
    server.stop()


@pytest.fixture
def adapters(make_adapter: Callable[..., Path], tmp_path: Path, server: Server) -> list[str]:
    """Model ids of three adapters that lie in the server's folder."""
    return [f"tiny+{bring(make_adapter(seed), tmp_path / 'adapters')}" for seed in range(3)]


def bring(source: Path, folder: Path) -> str:
    """Put an adapter where a server finds it; its name."""
    weights = hashlib.sha256((source / "adapter_model.safetensors").read_bytes()).hexdigest()
    name = adapter_name(weights, (source / "adapter_config.json").read_bytes())
    shutil.copytree(source, folder / name)
    return name


def call(server: Server, verb: str, model: str) -> httpx.Response:
    return httpx.post(f"{server.url}/{verb}_lora_adapter", json={"lora_name": model}, timeout=60)


def listed(server: Server) -> dict[str, bool]:
    """Loaded adapters, and whether each is kept."""
    return {
        entry["name"]: entry["kept"] for entry in httpx.get(f"{server.url}/adapters", timeout=30).json()["adapters"]
    }


async def answer(client: httpx.AsyncClient, server: Server, model: str) -> str:
    target = Target(LOCAL, model, server.url)
    return (await acomplete(client=client, target=target, messages=MESSAGES, config=CONFIG, timeout=60)).text


def test_the_answers_of_a_mixed_crowd_are_those_of_each_alone(server: Server, adapters: list[str]) -> None:
    async def main() -> None:
        models = ["tiny", *adapters[:2]]
        async with async_client(12) as client:
            alone = [await answer(client, server, model) for model in models]
            crowd = await asyncio.gather(*(answer(client, server, model) for model in models * 4))
        assert len(set(alone)) == 3
        assert crowd == alone * 4

    asyncio.run(main())


def test_what_is_kept_goes_last_and_what_is_let_go_ends_its_requests(server: Server, adapters: list[str]) -> None:
    first, second, third = adapters
    ours = Vllm(LOCAL, server.url)
    ours.load(first, "")
    ours.load(first, "")
    assert list(ours.models()) == ["tiny", first]

    async def ask(model: str) -> str:
        async with async_client(1) as client:
            return await answer(client, server, model)

    asyncio.run(ask(second))
    asyncio.run(ask(third))
    state = ours.state()
    assert {entry["name"]: entry["kept"] for entry in state["adapters"]} == {first: True, third: False}
    assert state["used"] == sum(entry["bytes"] for entry in state["adapters"]) == int(state["memory"] * 2 / 2.5)
    assert call(server, "unload", first).text == f"Success: LoRA adapter '{first}' removed successfully."
    assert listed(server) == {third: False}
    assert call(server, "unload", first).status_code == 404
    assert call(server, "load", "tiny").status_code == 400
    assert call(server, "load", "tiny+" + "0" * 64).status_code == 404


def test_what_answers_or_is_kept_is_never_freed(
    tiny_model: Any, make_adapter: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room for one: another waits for it, in vain while it answers; what is to be kept is loaded all the same."""
    gguf = ensure_serving(tiny_model.models_dir, "tiny")
    one, two, three = (bring(make_adapter(seed), tmp_path) for seed in range(3))
    export(tmp_path / one, gguf, tmp_path / "one.gguf")
    size = bytes_of(gguf, 256, tmp_path / "one.gguf")
    engines = Engines("tiny", gguf, tmp_path, Options(context=256, slots=1, memory=int(1.5 * size)))
    engines.start()
    monkeypatch.setattr(engine, "ROOM_WAIT_S", 0.2)
    with engines.use(one):
        with pytest.raises(NoRoom), engines.use(two):
            pass
        engines.keep(three)
        assert (engines.loaded(), engines.used()) == ([one, three], 2 * size)
    with engines.use(two):
        assert engines.loaded() == [three, two]  # the only one that is not kept
    engines.let_go(three)
    with pytest.raises(UnknownModel):
        engines.keep("0" * 64)
    assert (engines.kept(), engines.used()) == (frozenset(), size)


def test_no_request_fails_while_adapters_and_processes_are_swapped(server: Server, adapters: list[str]) -> None:
    """Loads, unloads, more adapters than room, a replacement, a kill -9 of either process, under a steady fire."""
    answers: dict[str, set[str]] = defaultdict(set)
    failed: list[ProviderError] = []
    count = 0

    async def fire(client: httpx.AsyncClient, stop: asyncio.Event) -> None:
        nonlocal count
        while not stop.is_set():
            for model in ["tiny", *adapters]:
                try:
                    answers[model].add(await answer(client, server, model))
                except ProviderError as error:
                    failed.append(error)
                count += 1
                await asyncio.sleep(0.01)

    async def after(requests: int) -> None:
        target = count + requests
        while count < target:
            await asyncio.sleep(0.02)

    async def main() -> None:
        stop = asyncio.Event()
        async with async_client(4) as client, asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(fire(client, stop))
            await after(12)
            await asyncio.to_thread(call, server, "load", adapters[0])
            await after(4)
            await asyncio.to_thread(call, server, "unload", adapters[0])
            await asyncio.to_thread(call, server, "load", adapters[1])
            before = server.child()
            server.process.send_signal(signal.SIGHUP)  # a new process takes over
            await asyncio.to_thread(server.said, "model server:")
            await after(12)
            os.kill(server.child(), signal.SIGKILL)
            await asyncio.to_thread(server.said, "the model server's process ended")
            await asyncio.to_thread(server.said, "model server:")
            await after(12)
            assert server.child() != before
            server.kill_keeper()
            await asyncio.to_thread(server.said, "model server:")
            await after(12)
            stop.set()

    asyncio.run(main())
    assert failed == []
    assert {model: len(texts) for model, texts in answers.items()} == dict.fromkeys(["tiny", *adapters], 1)
    assert listed(server)[adapters[1]] is True  # remembered by the processes that came after
