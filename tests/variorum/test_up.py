"""The launcher, really started on a data folder and a port of its own, and really killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from variorum.lib import postgres

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Instance:
    """One launcher in a data folder whose name has a space."""

    def __init__(self, folder: Path) -> None:
        self.data, self.port = folder / "my data", free_port()
        ours = ("VARIORUM_", "DATABASE_URL", "BROKER_URL", "STORAGE_URL", "PYTEST_", "COV_")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        # No model server: these tests are about processes, and it is covered by its own.
        self.env |= {"VARIORUM_DATA": str(self.data), "VARIORUM_PORT": str(self.port)}
        self.env |= {"VARIORUM_MODEL_SERVER_URL": "http://127.0.0.1:9"}
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "variorum.up", "--dev"]
        self.process = subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, text=True)
        return self.process

    def healthy(self) -> bool:
        with (
            suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/health", timeout=5) as answer,
        ):
            return json.load(answer) == {"status": "ok"}
        return False

    def members(self) -> dict[int, str]:
        """Our processes, the database's included: known by the data folder in their environment or as their cwd."""
        found = {}
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                mine = f"VARIORUM_DATA={self.data}".encode() in (entry / "environ").read_bytes().split(b"\0")
                if mine and (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
        return found

    def pid_of(self, part: str) -> int:
        return min(pid for pid, command in self.members().items() if part in command)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    one = Instance(tmp_path)
    yield one
    if one.process:
        one.process.kill()
        one.process.communicate()
    wait_until(lambda: not one.members())
    postgres.stop(one.data)


def wait_until(condition, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_dies_comes_back_and_the_end_is_clean(instance):
    launcher = instance.start()
    wait_until(instance.healthy)
    wait_until(lambda: any("variorum.worker" in command for command in instance.members().values()))
    web, worker = instance.pid_of("granian"), instance.pid_of("variorum.worker")
    os.kill(web, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    os.kill(postgres.start(instance.data).pid, signal.SIGKILL)
    wait_until(lambda: not {web, worker} & set(instance.members()))
    wait_until(instance.healthy)
    wait_until(lambda: any("variorum.worker" in command for command in instance.members().values()))
    launcher.send_signal(signal.SIGTERM)
    said = launcher.communicate(timeout=60)[0]
    assert launcher.returncode == 0
    assert instance.members() == {}
    assert not postgres.is_alive(instance.data)
    for line in (
        "web was killed by SIGKILL",
        "worker was killed by SIGKILL",
        "The database is gone",
        "Ready",
        "Stopping",
    ):
        assert line in said


def test_a_killed_launcher_leaves_nothing_running(instance):
    instance.start()
    wait_until(instance.healthy)
    second = subprocess.run(
        [sys.executable, "-m", "variorum.up", "--dev"], env=instance.env, capture_output=True, text=True, check=False
    )
    assert (second.returncode, "already runs" in second.stdout) == (1, True)
    instance.process.kill()
    wait_until(lambda: not instance.members())
    assert not postgres.is_alive(instance.data)


def test_a_taken_port_is_named_with_the_way_out(instance):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", instance.port))
        taken.listen()
        launcher = instance.start()
        said = launcher.communicate(timeout=60)[0]
    assert launcher.returncode == 1
    assert f"Port {instance.port} cannot be used" in said
    assert f"VARIORUM_PORT={instance.port + 1} make up" in said


def test_a_bad_setting_is_named(instance):
    instance.env["VARIORUM_PORT"] = "eighty"
    launcher = instance.start()
    said = launcher.communicate(timeout=60)[0]
    assert (launcher.returncode, "VARIORUM_PORT" in said) == (1, True)
