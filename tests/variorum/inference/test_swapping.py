"""The model server while everything about it changes: nobody who asks it may notice."""

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from variorum.inference.catalogue import adapter_name
from variorum.inference.services import acomplete, async_client
from variorum.inference.shapes import LOCAL, ProviderError, Target
from variorum.inference.vllm import Vllm

MESSAGES = [{"role": "user", "content": "the tooth path"}]
CONFIG = {"temperature": 0, "max_tokens": 6, "ignore_eos": True}


class Server:
    """A running model server: its address, and the pids of the keeper and of the process that answers."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.url = self.said("model server:").split()[2]

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
        assert self.process.wait(20) == 0
        self.process.stderr.close()


@pytest.fixture
def server(tiny_model: Any, tmp_path: Path) -> Iterator[Server]:
    """Room for two adapters."""
    folders = ["--models-dir", str(tiny_model.models_dir), "--adapters-dir", str(tmp_path / "adapters")]
    command = [sys.executable, "-m", "variorum.inference.serve", "--port", "0", "--model", "tiny", *folders]
    server = Server([*command, "--context", "1024", "--adapters", "2"])
    yield server
    server.stop()


@pytest.fixture
def adapters(make_adapter: Callable[..., Path], tmp_path: Path, server: Server) -> list[str]:
    """Model ids of three adapters that lie in the server's folder."""
    names = []
    for seed in range(3):
        source = make_adapter(seed)
        weights = hashlib.sha256((source / "adapter_model.safetensors").read_bytes()).hexdigest()
        name = adapter_name(weights, (source / "adapter_config.json").read_bytes())
        shutil.copytree(source, tmp_path / "adapters" / name)
        names.append(f"tiny+{name}")
    return names


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
    assert {entry["name"]: entry["kept"] for entry in ours.state()} == {first: True, third: False}
    assert call(server, "unload", first).text == f"Success: LoRA adapter '{first}' removed successfully."
    assert listed(server) == {third: False}
    assert call(server, "unload", first).status_code == 404
    assert call(server, "load", "tiny").status_code == 400
    assert call(server, "load", "tiny+" + "0" * 64).status_code == 404


def test_no_request_fails_while_adapters_and_processes_are_swapped(server: Server, adapters: list[str]) -> None:
    """Loads, unloads, more adapters than there is room for, a replacement and a kill -9, under a steady fire."""
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
            stop.set()

    asyncio.run(main())
    assert failed == []
    assert {model: len(texts) for model, texts in answers.items()} == dict.fromkeys(["tiny", *adapters], 1)
    assert listed(server)[adapters[1]] is True  # remembered by the processes that came after
