"""The launcher: database, tables, sample project, web, worker and model server, from one command to Ctrl-C.

    python -m variorum.up          what `make up` ends in
    python -m variorum.up --dev    for people who work on Variorum: does not ask for built pages, starts no sample jobs

A second process, the keeper, does nothing but wait for the launcher's end. When the launcher is killed
without a chance to clean up, the keeper stops the processes and the database in its place.
"""

import argparse
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from variorum import processes
from variorum.bootstrap import Missing, check_port
from variorum.lib import env, postgres

READY_SECONDS = 120
TOO_MANY_DEATHS = 5


class CannotStart(Exception):
    """Something that is needed is missing. The text says what, and the remedy."""


class Stopped(Exception):
    """Somebody asked us to end before we were ready."""


def say(text: str) -> None:
    """One plain line for the person at the terminal. A closed terminal is no reason to fail."""
    with suppress(OSError, ValueError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


@dataclass
class Launcher:
    """One running Variorum."""

    data: Path
    port: int
    database_url: str
    began: float = field(default_factory=time.monotonic)
    children: list[processes.Child] = field(default_factory=list)
    end: threading.Event = field(default_factory=threading.Event)
    keeper: int = -1

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def step(self, text: str) -> None:
        """Say what is being done, with the seconds since the start."""
        if self.end.is_set():
            raise Stopped
        say(f"{time.monotonic() - self.began:6.1f} s  {text}")

    @contextmanager
    def preparing(self) -> Iterator["subprocess.Popen[str]"]:
        """The process that makes the tables and the sample project. Without tables we cannot start; without the
        sample we can, and say so."""
        command = [sys.executable, "-m", "variorum.prepare"]
        log = self.logs / "setup.log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
            )
        self.tell_keeper("+", process.pid)
        with process:
            try:
                yield process
            finally:
                if self.end.is_set():
                    processes.end_groups([process.pid])
        self.tell_keeper("-", process.pid)
        if process.returncode != 0:
            said = "\n".join(log.read_text(errors="replace").strip().splitlines()[-6:])
            if not self.children:
                raise CannotStart(f"The database could not be prepared:\n{said}")
            say(f"The sample project could not be loaded (see {log}):\n{said}\nEverything else goes on.")

    def next_line(self, process: "subprocess.Popen[str]") -> str:
        """Its next line of output, "" at its end. Stopped when we are asked to end meanwhile."""
        if process.stdout is None:
            return ""
        while not select.select([process.stdout], [], [], 0.2)[0]:
            if self.end.is_set():
                raise Stopped
        return process.stdout.readline().strip()

    def tell_keeper(self, word: str, group: int) -> None:
        """Keep its list of process groups true: `+` one starts, `-` it is gone, `done` all is cleaned up."""
        with suppress(OSError):
            os.write(self.keeper, f"{word} {group}\n".encode())

    def launch(self, child: processes.Child) -> None:
        """Start a child and tell the keeper."""
        self.tell_keeper("+", child.start())


def run(launcher: Launcher, *, dev: bool) -> None:
    """Start everything, say where it is, and look after it until asked to end."""
    _check_pages(dev)
    os.environ["VARIORUM_SAMPLE_JOBS"] = "0" if dev else "1"
    check_port(launcher.port)
    if not launcher.database_url:
        launcher.step("Starting the database")
        postgres.ensure(launcher.data)
    launcher.step("Bringing the tables up to date")
    sample = "{}"
    with launcher.preparing() as process:
        while line := launcher.next_line(process):
            if line == "tables":
                launcher.step("Starting the web server")
                _launch_all(launcher)
            elif line.startswith("{"):
                sample = line
            else:
                launcher.step(line)
    _await_health(launcher)
    _greet(launcher, json.loads(sample))
    while not launcher.end.wait(0.5):
        _look_after(launcher, launcher.children)


def _check_pages(dev: bool) -> None:
    if not dev and not (processes.ROOT / "frontend" / "dist" / "index.html").exists():
        raise CannotStart("The pages are not built. Run `make up`, or add --dev to go without them.")


def _launch_all(launcher: Launcher) -> None:
    """The web server now; the others follow when it answers, so that the first page does not wait for them."""
    extra = {"DJANGO_SETTINGS_MODULE": "variorum.settings"}
    commands = {"web": processes.web_command(), "worker": processes.worker_command()}
    sockets: dict[str, socket.socket] = {}
    if not os.environ.get("VARIORUM_MODEL_SERVER_URL") and processes.has_models():
        listening = processes.model_socket(0)
        extra["VARIORUM_MODEL_SERVER_URL"] = f"http://127.0.0.1:{listening.getsockname()[1]}"
        commands["models"] = processes.model_command(listening.fileno())
        sockets["models"] = listening
    for name, command in commands.items():
        log = launcher.logs / f"{name}.log"
        launcher.children.append(processes.Child(name, command, log, extra, sockets.get(name)))
    launcher.launch(launcher.children[0])


def _await_health(launcher: Launcher) -> None:
    deadline = time.monotonic() + READY_SECONDS
    web = launcher.children[0]
    while not _healthy(launcher.address):
        _look_after(launcher, [web])
        if web.deaths >= TOO_MANY_DEATHS or time.monotonic() > deadline:
            raise CannotStart(f"The web server does not answer. The end of {web.log}:\n{web.tail()}")
        if launcher.end.wait(0.1):
            raise Stopped


def _healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/v1/health", timeout=5) as answer:  # noqa: S310 - our own http address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _greet(launcher: Launcher, sample: dict[str, Any]) -> None:
    launcher.step("Ready")
    lines = [f"\n  Variorum      {env.text('VARIORUM_PUBLIC_URL', launcher.address)}"]
    if sample:
        lines += [f"  Sign in       {sample['email']}   password {sample['password']}"]
        lines += [f"  A colleague   {sample['colleague']}   the same password"] if sample.get("colleague") else []
        lines += [f"  API key       {sample['api_key']}   (project {sample['project']})"]
    lines += [f"  Logs          {launcher.logs}", "  Stop          Ctrl-C\n"]
    say("\n".join(lines))


def _look_after(launcher: Launcher, children: list[processes.Child]) -> None:
    """Start what is to run and does not: the database first."""
    if not launcher.database_url and not postgres.is_alive(launcher.data):
        say("The database is gone; starting it again.")
        postgres.ensure(launcher.data)
    for child in children:
        group = child.process.pid if child.process else 0
        how = child.died()
        if how:
            launcher.tell_keeper("-", group)
            say(f"{child.name} {how}; it starts again. Its log: {child.log}")
        if child.due():
            launcher.launch(child)
        processes.keep_log_small(child.log)


def shut_down(launcher: Launcher) -> None:
    """Web, worker and model server at once, then the database."""
    say("Stopping")
    processes.end_groups([child.process.pid for child in launcher.children if child.process])
    if not launcher.database_url:
        postgres.stop(launcher.data)
    launcher.tell_keeper("done", 0)
    os.close(launcher.keeper)
    with suppress(ChildProcessError):
        os.wait()


def start_keeper(launcher: Launcher) -> int:
    """Fork the keeper; the descriptor through which it is told the process groups. Before any thread."""
    read_end, write_end = os.pipe()
    if os.fork():
        os.close(read_end)
        return write_end
    os.close(write_end)
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _keep(launcher, read_end)
    os._exit(0)


def _keep(launcher: Launcher, read_end: int) -> None:
    groups: set[int] = set()
    with os.fdopen(read_end) as pipe:
        for line in pipe:
            word, group = line.split()
            if word == "done":
                return
            (groups.add if word == "+" else groups.discard)(int(group))
    processes.end_groups(groups)
    if not launcher.database_url:
        postgres.stop(launcher.data)


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Two launchers on one data folder would start all twice. A killed one's keeper is waited for."""
    try:
        for folder in ("run", "logs"):
            (data / folder).mkdir(parents=True, exist_ok=True)
        lock = (data / "run" / "up.lock").open("a+")
    except OSError as exc:
        raise CannotStart(
            f"The data folder {data} cannot be written ({exc.strerror}). "
            "Set VARIORUM_DATA to a folder of your own, or start as the user who owns it."
        ) from None
    with lock:
        _take(lock, data)
        yield


def _take(lock: TextIO, data: Path) -> None:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip()
            if owner and Path("/proc", owner).exists():
                raise CannotStart(f"Variorum already runs on {data} (process {owner}).") from None
            time.sleep(0.1)
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()


def main(arguments: list[str]) -> int:
    """0 after a wanted end, 1 with a plain message when it cannot start."""
    options = _options(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")
    try:
        data = processes.data_folder()
        port = env.integer("VARIORUM_PORT", 8080, low=1, high=65535)
        with only_one(data):
            return _supervised(Launcher(data, port, env.text("DATABASE_URL")), dev=options.dev)
    except (CannotStart, Missing, env.BadSetting, postgres.PostgresError) as exc:
        say(f"\nVariorum cannot start. {exc}")
        return 1


def _supervised(launcher: Launcher, *, dev: bool) -> int:
    launcher.keeper = start_keeper(launcher)

    def ask_to_end(_number: int, _frame: FrameType | None) -> None:
        launcher.end.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_end)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # `nohup make up` outlives its terminal
        signal.signal(signal.SIGHUP, ask_to_end)
    try:
        run(launcher, dev=dev)
    except Stopped:
        pass
    finally:
        shut_down(launcher)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m variorum.up", description="Start Variorum.")
    parser.add_argument("--dev", action="store_true", help="do not ask for built pages (use the Vite server)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
