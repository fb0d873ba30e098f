"""Our own OpenAI-compatible model server: a base model and any number of LoRA adapters, over llama.cpp.

    python -m variorum.inference.serve --port 8009 --models-dir var/models --adapters-dir var/models/adapters

Model ids: `smollm2-135m`, or `smollm2-135m+<name>` for a folder `<adapters-dir>/<name>/` in PEFT's layout, where the
name is the hash of its two files (catalogue.adapter_name). The endpoints are in model_server.py.

Two processes: this one holds the listening socket and nothing else, so that it has no reason to die; its child loads
the model and answers. With `--socket-fd` the socket is our starter's (the launcher's, or systemd's, which passes 3):
when this process is killed all the same, callers wait in the socket's queue until the next one answers.

A child that dies is started again, and meanwhile callers wait in the socket's queue. SIGHUP brings a new child beside
the old one (a new base model, say): it takes over when it is ready, and the old one ends what it has begun. SIGTERM and
SIGINT end both, after the requests in progress.
"""

import argparse
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

log = logging.getLogger(__name__)

BACKLOG: Final = 256
DRAIN_S: Final = 600.0
PAUSE_S: Final = 0.5


@dataclass
class Child:
    """A process that answers, and our end of the pipe whose closing tells it that we are gone."""

    process: "subprocess.Popen[bytes]"
    lifeline: IO[str]

    def ended(self) -> bool:
        if self.process.poll() is None:
            return False
        self.lifeline.close()
        return True


class Keeper:
    """Holds the socket and keeps one child on it."""

    def __init__(self, listening: socket.socket, argv: Sequence[str]) -> None:
        self.listening, self.argv = listening, list(argv)
        self.child: Child | None = None
        self.leaving: list[Child] = []  # they end what they have begun
        self.wanted: list[int] = []  # signals that came, in their order
        self.wake_read, self.wake_write = os.pipe()

    def run(self) -> int:
        """Until SIGTERM or SIGINT; the child's exit status when the first one cannot start."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, self._note)
        self.child = self._start()
        if self.child is None:
            return 1
        while not {signal.SIGTERM, signal.SIGINT} & set(self.wanted):
            self._look_after()
            self._sleep(None if self.child else PAUSE_S)
        return self._end()

    def _note(self, number: int, _frame: object) -> None:
        self.wanted.append(number)
        os.write(self.wake_write, b"x")

    def _sleep(self, seconds: float | None) -> None:
        if select.select([self.wake_read], [], [], seconds)[0]:
            os.read(self.wake_read, 64)

    def _look_after(self) -> None:
        replace = signal.SIGHUP in self.wanted
        self.wanted = [number for number in self.wanted if number not in (signal.SIGHUP, signal.SIGCHLD)]
        self.leaving = [child for child in self.leaving if not child.ended()]
        if self.child and self.child.ended():
            log.warning("the model server's process ended with %s; it starts again", self.child.process.returncode)
            self.child = None
        if self.child is None or replace:
            self._renew()

    def _renew(self) -> None:
        """A new child; the old one, if there is one, may end once the new one answers."""
        new = self._start()
        if new and self.child:
            self.child.process.terminate()
            self.leaving.append(self.child)
        self.child = new or self.child

    def _start(self) -> "Child | None":
        """A child that is ready to answer, or None with its reason in the log."""
        ready_read, ready_write = os.pipe()
        life_read, life_write = os.pipe()
        given = [self.listening.fileno(), ready_write, life_read]
        command = [sys.executable, "-m", "variorum.inference.serve", *self.argv]
        child = Child(
            subprocess.Popen([*command, "--child", ",".join(map(str, given))], pass_fds=given),
            os.fdopen(life_write, "w"),
        )
        os.close(ready_write)
        os.close(life_read)
        with os.fdopen(ready_read, "rb") as pipe:
            if self._await(pipe.fileno()) and pipe.read(1):
                return child
        child.process.terminate()
        child.process.wait()
        child.ended()
        return None

    def _await(self, pipe: int) -> bool:
        """Whether the pipe speaks or closes before we are asked to end."""
        while not {signal.SIGTERM, signal.SIGINT} & set(self.wanted):
            if select.select([pipe], [], [], 0.2)[0]:
                return True
        return False

    def _end(self) -> int:
        self.listening.close()
        left = [*self.leaving, *([self.child] if self.child else [])]
        for child in left:
            child.process.terminate()
        for child in left:
            child.process.wait()
            child.ended()
        return 0


def serve(args: argparse.Namespace) -> int:
    """The child: load the model, say that it is ready, answer until told to end."""
    from variorum.inference.base_model import ensure_serving  # noqa: PLC0415 - numpy: the keeper stays small
    from variorum.inference.catalogue import NoSuchModel  # noqa: PLC0415
    from variorum.inference.engine import Engines, Options  # noqa: PLC0415 - as above
    from variorum.inference.model_server import ModelServer  # noqa: PLC0415 - as above

    listening, ready, lifeline = (int(part) for part in args.child.split(","))
    options = Options(threads=args.threads, slots=args.slots, context=args.context, memory=int(args.memory * 2**20))
    args.adapters_dir.mkdir(parents=True, exist_ok=True)
    try:
        engines = Engines(args.model, ensure_serving(args.models_dir, args.model), args.adapters_dir, options)
    except NoSuchModel as error:
        sys.stderr.write(f"{error}\n")
        return 1
    engines.start()
    server = ModelServer(socket.socket(fileno=listening), engines)
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(lifeline, told), daemon=True).start()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    log.info("model server: http://%s:%d/v1 (%s, %d threads)", args.host, server.server_port, args.model, args.threads)
    os.write(ready, b"r")
    os.close(ready)
    told.wait()
    server.drain(DRAIN_S)
    sys.stderr.flush()
    os._exit(0)  # native threads of the engines are not waited for


def _watch(lifeline: int, told: threading.Event) -> None:
    """The keeper never writes: the pipe ends with it, and then nobody would start us again or tell us to end."""
    os.read(lifeline, 1)
    told.set()


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="variorum.inference.serve")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--models-dir", type=Path, required=True)
    parser.add_argument("--adapters-dir", type=Path, required=True)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--threads", type=int, default=1, help="of each loaded adapter")
    parser.add_argument("--slots", type=int, default=4, help="requests that each answers at the same time")
    parser.add_argument("--context", type=int, default=8192, help="tokens, shared by the slots of an adapter")
    parser.add_argument("--memory", type=float, default=1536, help="MiB that loaded adapters may take")
    parser.add_argument("--socket-fd", type=int, default=-1, help="a listening socket that our starter holds")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    argv = sys.argv[1:] if argv is None else argv
    args = _arguments(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if args.child:
        return serve(args)
    if args.socket_fd >= 0:
        listening = socket.socket(fileno=args.socket_fd)
    else:
        listening = socket.create_server((args.host, args.port), backlog=BACKLOG)
    return Keeper(listening, argv).run()


if __name__ == "__main__":
    raise SystemExit(main())
