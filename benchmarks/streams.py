"""Thousands of change streams on one web process: memory, CPU at rest, and how soon the last one hears of a change.

    python benchmarks/streams.py [--streams 2000] [--changes 5] [--rest 20]

Starts a database and two servers of its own, as `runtime_fetch.py` does, and opens the streams on each in turn: on
Variorum (2,000 a key) and on a bare server that holds each stream by one task and wakes all of them when it is asked
to. Prints the memory a stream (RSS of the server's processes), the share of a core at rest (a comment goes to each
stream every 15 seconds) and the time from before a change of rules is stored until it is, and until half and all of
the streams have read of it, medians and the worst; every tenth stream never reads. Beside it stands what a change takes
of the processor, of the server and of this reader: what is missing to the time until the last one has heard is waiting
for a processor. Then it asks for 20 streams more
than a key may hold.
Target: the last stream has heard within a second.
"""

import argparse
import asyncio
import os
import select
import socket
import statistics
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import runtime_fetch as fetch

ROOT = Path(__file__).resolve().parents[1]
STREAM = "/api/v1/runtime/dev/stream"
A_KEY = 2_000
PATIENCE = 120.0


class _Bare:
    """Holds streams and wakes them all for each POST."""

    def __init__(self) -> None:
        self.listeners: set[asyncio.Event] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] == "POST":
            for one in self.listeners:
                one.set()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        wake = asyncio.Event()
        self.listeners.add(wake)
        while scope["method"] == "GET":
            await send({"type": "http.response.body", "body": b"id: 1\ndata: {}\n\n", "more_body": True})
            await wake.wait()
            wake.clear()
        self.listeners.discard(wake)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


bare = _Bare()


class Crowd:
    """Open streams; every tenth reads its first event and nothing after that."""

    def __init__(self, port: int) -> None:
        self.port, self.poll = port, select.epoll()
        self.lines: dict[int, socket.socket] = {}
        self.deaf: list[socket.socket] = []

    def open(self, count: int, token: str) -> None:
        """Open so many streams and wait until each has been told what is served."""
        request = f"GET {STREAM} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        for start in range(0, count, 100):
            new = []
            for _ in range(start, min(start + 100, count)):
                line = socket.create_connection(("127.0.0.1", self.port), timeout=30)
                line.sendall(request)
                new.append(line)
            for number, line in enumerate(new):
                _first(line)
                if number % 10 == 9:
                    self.deaf.append(line)
                    continue
                line.setblocking(False)
                self.lines[line.fileno()] = line
                self.poll.register(line, select.EPOLLIN)

    def hear(self, change: Callable[[], None]) -> list[float]:
        """Seconds from before the change until it was stored, and until each reading stream heard of it, sorted."""
        times: dict[int, float] = {}
        stored: list[float] = []
        began = time.perf_counter()
        doing = threading.Thread(target=lambda: (change(), stored.append(time.perf_counter() - began)))
        doing.start()
        while len(times) < len(self.lines) and time.perf_counter() - began < PATIENCE:
            for number, _ in self.poll.poll(0.5, 512):
                if b"id: " in self.lines[number].recv(1 << 16):
                    times.setdefault(number, time.perf_counter() - began)
        doing.join()
        if len(times) < len(self.lines):
            raise SystemExit(f"{len(self.lines) - len(times)} streams heard nothing")
        return [*stored, *sorted(times.values())]

    def close(self) -> None:
        """Leave, all at once."""
        for line in (*self.lines.values(), *self.deaf):
            line.close()
        self.poll.close()


def _first(line: socket.socket) -> None:
    got = b""
    while b"id: " not in got:
        more = line.recv(1 << 12)
        got += more
        if not more or not got.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"no stream: {got[:400]!r}")


def resident(server: fetch.Server) -> float:
    """Megabytes of the server's processes."""
    pids = [server.process.pid]
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == server.process.pid:
            pids.append(int(entry.parent.name))
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def measure(server: fetch.Server, tokens: list[str], change: Callable[[], None], options: Any) -> dict[str, float]:
    """Open the streams, rest, change, close."""
    before, crowd = resident(server), Crowd(server.port)
    began = time.perf_counter()
    for number, token in enumerate(tokens):
        crowd.open(min(A_KEY, options.streams - number * A_KEY), token)
    opened = time.perf_counter() - began
    memory = (resident(server) - before) * 1e3 / options.streams
    spent = server.cpu()
    time.sleep(options.rest)
    rest = (server.cpu() - spent) / options.rest
    spent, read = server.cpu(), time.thread_time()
    heard = [crowd.hear(change) for _ in range(options.changes)]
    spent, read = (server.cpu() - spent) / options.changes, (time.thread_time() - read) / options.changes
    stored, half, last = ([one[at] for one in heard] for at in (0, options.streams * 9 // 20, -1))
    if server.name == "variorum" and options.streams >= A_KEY:
        print(f"20 more with the first key: {refusals(server.port, tokens[0])}\n")
    crowd.close()
    return {
        "KB a stream": memory,
        "opened, s": opened,
        "CPU at rest, %": rest * 100,
        "stored, ms": statistics.median(stored) * 1e3,
        "half heard, ms": statistics.median(half) * 1e3,
        "last heard, ms": statistics.median(last) * 1e3,
        "last heard, worst, ms": max(last) * 1e3,
        "server's CPU a change, ms": spent * 1e3,
        "reader's CPU a change, ms": read * 1e3,
    }


def refusals(port: int, token: str) -> dict[str, int]:
    """How 20 more streams are answered."""
    found: Counter[str] = Counter()
    for _ in range(20):
        asked = urllib.request.Request(f"http://127.0.0.1:{port}{STREAM}", headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                found[str(answer.status)] += 1
        except urllib.error.HTTPError as refused:
            found[f"{refused.code}, Retry-After {refused.headers['Retry-After']}"] += 1
    return dict(found)


def changer() -> Callable[[], None]:
    """What puts other rules in force, each time."""
    from django.db import connections

    from variorum.accounts.access import Actor
    from variorum.accounts.models import User
    from variorum.deployments import rule_services
    from variorum.deployments.models import Environment

    environment, actor = Environment.objects.get(slug="dev"), Actor.of_user(User.objects.get())

    def change() -> None:
        flag = {"state": "ENABLED", "variants": {"on": time.time()}, "defaultVariant": "on"}
        rule_services.save(environment=environment, document={"flags": {"beat": flag}}, actor=actor)
        connections.close_all()

    return change


def keys(count: int) -> list[str]:
    """More keys of the project."""
    from variorum.accounts.models import Project, User
    from variorum.accounts.roles import Scope
    from variorum.accounts.services import create_api_key

    project, user = Project.objects.get(), User.objects.get()
    made = {"project": project, "user": user, "name": "more", "scopes": [Scope.RUNTIME], "expires_at": None}
    return [create_api_key(**made)[1] for _ in range(count)]


def main() -> None:
    """Print the table and clean up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=2_000)
    parser.add_argument("--changes", type=int, default=5)
    parser.add_argument("--rest", type=float, default=20)
    options = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    with fetch.house() as (folder, env, servers):
        tokens = [fetch.prepare(folder)[0]]
        tokens += keys((options.streams - 1) // A_KEY)
        for name, target in (("variorum", "variorum.asgi:application"), ("bare", f"{__file__}:bare")):
            server = fetch.Server(name, target, env)
            servers.append(server)
            server.wait()
            url = f"http://127.0.0.1:{server.port}/"
            wake = lambda url=url: urllib.request.urlopen(url, data=b"x", timeout=30).read()  # noqa: E731
            found[name] = measure(server, tokens, changer() if name == "variorum" else wake, options)
    print(f"{options.streams:,} streams, {options.changes} changes, load {os.getloadavg()[0]:.0f}\n")
    print("| | variorum | bare |\n|---|---|---|")
    for row, value in found["variorum"].items():
        print(f"| {row} | {value:,.1f} | {found['bare'][row]:,.1f} |")


if __name__ == "__main__":
    main()
