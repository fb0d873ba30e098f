"""Children of the launcher: really started, really killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from variorum import processes

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"])
print("ready", flush=True)
time.sleep(60)
"""


def child(tmp_path: Path, code: str) -> processes.Child:
    return processes.Child("part", [sys.executable, "-c", code], tmp_path / "part.log", {"GIVEN": "yes"})


def wait_until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_says_how_it_ended_and_waits_longer_each_time(tmp_path):
    one = child(tmp_path, "import os, sys; print(os.environ['GIVEN']); sys.exit(3)")
    ends, pauses = [], []
    for _ in range(3):
        pauses.append(one.pause())
        one.start()
        wait_until(lambda: ends.append(one.died()) or ends[-1])
        assert not one.due()
    assert [end for end in ends if end] == ["ended with exit code 3"] * 3
    assert pauses == [0.5, 1, 2]
    assert one.tail() == "yes\nyes\nyes"


def test_who_calls_while_a_child_is_down_is_answered_by_the_next(tmp_path):
    """The socket is the launcher's."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as caller:
        code = "import socket, sys; socket.socket(fileno=int(sys.argv[1])).accept()[0].sendall(b'here')"
        command = [sys.executable, "-c", code, str(listening.fileno())]
        one = processes.Child("part", command, tmp_path / "part.log", {}, listening)
        os.kill(one.start(), signal.SIGKILL)
        wait_until(one.died)
        caller.connect(listening.getsockname())
        one.start()
        caller.settimeout(60)
        assert caller.recv(4) == b"here"
        wait_until(one.died, 60)


def test_a_killed_child_is_told_by_its_signal(tmp_path):
    one = child(tmp_path, "import time; time.sleep(60)")
    os.kill(one.start(), signal.SIGKILL)
    ends = []
    wait_until(lambda: ends.append(one.died()) or ends[-1])
    assert ends[-1] == "was killed by SIGKILL"
    wait_until(one.due)


def test_a_group_that_ignores_the_request_is_killed_whole(tmp_path):
    one = child(tmp_path, STUBBORN)
    group = one.start()
    wait_until(lambda: one.tail() == "ready")
    began = time.monotonic()
    processes.end_groups([group], grace=0.5)
    wait_until(lambda: group not in processes._living_groups())
    assert time.monotonic() - began < 5
    assert one.process is not None
    assert one.process.wait() == -signal.SIGKILL


def test_a_large_log_moves_away_under_its_writer(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "LOG_BYTES", 100)
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 101)
        processes.keep_log_small(log)
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    assert (tmp_path / "web.log.1").stat().st_size == 101


@pytest.mark.parametrize("wrong", [[], ["everything"]])
def test_the_door_of_the_images_names_what_it_knows(wrong):
    done = subprocess.run(
        [sys.executable, "-m", "variorum.processes", *wrong], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "web|worker|models" in done.stderr) == (1, True)
