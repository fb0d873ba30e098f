"""How fast an app's bundle is fetched over HTTP, beside the same machine's bare server with the same body.

    python benchmarks/runtime_fetch.py [--seconds 4] [--rounds 3]

Starts a database and two servers of its own in a temporary folder: Variorum (`variorum.asgi`, the key checked on
every request) and a granian application that knows nothing but the body. Both run one worker. Fetches 200 and 304 at
1 and at 16 kept-alive connections, the servers taking turns, from a load generator in a process of its own.
Prints requests/s, p50, p99 and server CPU a request (medians), and the median of the ratios of neighbouring runs.
Targets (DESIGN.md, section 7): requests/s at 16 connections at least 0.6 of the bare server, p50 at one connection
at most 2 times the bare server's.
"""

import argparse
import json
import os
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PATH = "/api/v1/runtime/dev/bundle"
TICKS = os.sysconf("SC_CLK_TCK")


# --- the bare server: `python -m granian benchmarks/runtime_fetch.py:bare`


class _Bare:
    """Answers every request with the body in $BENCH_BODY, or with 304 when If-None-Match is sent."""

    def __init__(self) -> None:
        self.body = Path(os.environ["BENCH_BODY"]).read_bytes() if "BENCH_BODY" in os.environ else b""
        length = str(len(self.body)).encode()
        self.headers = [(b"content-type", b"application/json"), (b"content-length", length)]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        same = any(name == b"if-none-match" for name, _ in scope["headers"])
        await send(
            {"type": "http.response.start", "status": 304 if same else 200, "headers": [] if same else self.headers}
        )
        await send({"type": "http.response.body", "body": b"" if same else self.body, "more_body": False})


bare = _Bare()


# --- the load generator: a process of its own, one thread, epoll on raw sockets


def load(port: int, connections: int, seconds: float, request: bytes, length: int, expect: int) -> dict[str, float]:
    """Keep `connections` requests in flight; requests/s and the quantiles of their times in seconds."""
    wanted = f"HTTP/1.1 {expect} ".encode()
    poll = select.epoll()
    lines: dict[int, tuple[socket.socket, list[float], bytearray]] = {}
    for _ in range(connections):
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(line, select.EPOLLIN)
        lines[line.fileno()] = (line, [0.0], bytearray())
    times: list[float] = []
    clock = time.perf_counter
    began = clock()
    for line, sent, _ in lines.values():
        sent[0] = clock()
        line.sendall(request)
    while (now := clock()) - began < seconds:
        for number, _ in poll.poll(1.0):
            line, sent, got = lines[number]
            got += line.recv(1 << 17)
            end = got.find(b"\r\n\r\n")
            if end < 0 or len(got) - end - 4 < length:
                continue
            if not got.startswith(wanted):
                raise SystemExit(f"unexpected answer: {bytes(got[:300])!r}")
            now = clock()
            times.append(now - sent[0])
            got.clear()
            sent[0] = now
            line.sendall(request)
    elapsed = clock() - began
    times.sort()
    return {
        "rate": len(times) / elapsed,
        "p50": times[len(times) // 2],
        "p99": times[int(len(times) * 0.99)],
        "count": len(times),
    }


# --- the servers


class Server:
    """One granian with one worker."""

    def __init__(self, name: str, target: str, env: dict[str, str]) -> None:
        self.name = name
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        command = [sys.executable, "-m", "granian", "--interface", "asgi", target, "--host", "127.0.0.1"]
        command += [
            "--port",
            str(self.port),
            "--workers",
            "1",
            "--no-ws",
            "--log-level",
            "warning",
            "--backpressure",
            "15000",
        ]
        self.process = subprocess.Popen(command, env={**os.environ, **env}, cwd=ROOT)

    def wait(self) -> None:
        """Until it accepts connections."""
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise SystemExit(f"{self.name} did not start")

    def cpu(self) -> float:
        """CPU seconds of its processes so far."""
        total = 0
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if self.process.pid in (int(entry.parent.name), int(fields[1])):
                total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def stop(self) -> None:
        """Ask it to end."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def prepare(folder: Path) -> tuple[str, bytes]:
    """A database with one project, one 2 KB prompt deployed to dev, and a key; the token and the bundle's bytes."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", "--no-input", verbosity=0)
    from variorum.accounts.access import Actor
    from variorum.accounts.roles import Scope
    from variorum.accounts.services import create_api_key, create_project, create_user
    from variorum.deployments import services
    from variorum.repos import queries
    from variorum.repos.services import commit_files, ensure_repository

    user = create_user(email="bench@example.org", password="correct horse battery", name="Bench")
    project = create_project(owner=user, name="Bench")
    actor = Actor.of_user(user)
    ensure_repository(project)
    text = (
        "---\nmodel: local/smollm2-135m\nconfig:\n  temperature: 0\n---\n" + "Sort the message of the customer. " * 60
    )
    files = {"prompts/triage.prompt": f"{text}\n{{{{message}}}}\n".encode()}
    head = queries.head(project)
    commit_files(project=project, ref="main", files=files, message="Add", actor=actor, expected_head=head)
    dev = services.ensure_environments(project)[0]
    made = services.deploy(environment=dev, commit="main", actor=actor)
    token = create_api_key(project=project, user=user, name="bench", scopes=[Scope.RUNTIME], expires_at=None)[1]
    body = bytes(type(made.bundle).objects.get(pk=made.bundle_id).body)
    (folder / "body").write_bytes(body)
    return token, body


def measure(servers: list[Server], token: str, body: bytes, seconds: float, rounds: int) -> None:
    """Run every case on both servers in turns and print the table."""
    tag = json.loads(body)["hash"]
    base = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nAccept: */*\r\n"
    requests = {200: f"{base}\r\n".encode(), 304: f'{base}If-None-Match: "{tag}"\r\n\r\n'.encode()}
    for server in servers:
        server.wait()
        for _ in range(2):  # warm up
            run(server, 16, 1.0, requests[200], len(body), 200)
    print(f"body {len(body)} bytes, {rounds} rounds of {seconds:g} s, medians\n")
    print("| answer | connections | server | requests/s | p50 ms | p99 ms | server CPU ms/request |")
    print("|---|---|---|---|---|---|---|")
    verdicts = []
    for status, connections in ((200, 1), (200, 16), (304, 1), (304, 16)):
        length = len(body) if status == 200 else 0
        found: dict[str, list[dict[str, float]]] = {server.name: [] for server in servers}
        for turn in range(rounds):
            for server in servers if turn % 2 == 0 else reversed(servers):
                found[server.name].append(run(server, connections, seconds, requests[status], length, status))
        middle = {
            name: {key: statistics.median(one[key] for one in runs) for key in runs[0]} for name, runs in found.items()
        }
        for name, row in middle.items():
            cells = f"{row['rate']:,.0f} | {row['p50'] * 1e3:.3f} | {row['p99'] * 1e3:.2f} | {row['cpu'] * 1e3:.3f}"
            print(f"| {status} | {connections} | {name} | {cells} |")
        rate, p50, cpu = (
            statistics.median(
                our[key] / their[key] for our, their in zip(found["variorum"], found["bare"], strict=True)
            )
            for key in ("rate", "p50", "cpu")
        )
        verdicts.append(
            f"{status}, {connections} connections: requests/s {rate:.2f} of bare, p50 {p50:.2f}x, "
            f"CPU a request {cpu:.2f}x"
        )
    print("\n" + "\n".join(verdicts))


def run(server: Server, connections: int, seconds: float, request: bytes, length: int, expect: int) -> dict[str, float]:
    """One run of the load generator, with the server's CPU seconds a request."""
    job = {"port": server.port, "connections": connections, "seconds": seconds, "length": length, "expect": expect}
    before = server.cpu()
    command = [sys.executable, __file__, "--load", json.dumps({**job, "request": request.decode()})]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 60)
    found: dict[str, float] = json.loads(done.stdout)
    return {**found, "cpu": (server.cpu() - before) / max(found["count"], 1)}


@contextmanager
def house() -> Iterator[tuple[Path, dict[str, str], list[Server]]]:
    """A folder with a fresh embedded database, the environment that leads there (of this process, too), and a list for
    the servers; all of it is stopped and removed in the end."""
    folder = Path(tempfile.mkdtemp(prefix="variorum-bench-"))
    paths = [str(ROOT / "platform"), str(ROOT / "platform" / "client"), str(ROOT), str(ROOT / "benchmarks")]
    sys.path[:0] = paths
    from variorum.lib import postgres

    env = {"VARIORUM_DATA": str(folder), "DATABASE_URL": postgres.ensure(folder), "PYTHONPATH": os.pathsep.join(paths)}
    os.environ.update(env)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "variorum.settings")
    servers: list[Server] = []
    try:
        yield folder, env, servers
    finally:
        for server in servers:
            server.stop()
        postgres.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Print the table and clean up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--load", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        job = json.loads(options.load)
        print(json.dumps(load(**{**job, "request": job["request"].encode()})))
        return
    with house() as (folder, env, servers):
        token, body = prepare(folder)
        servers.append(Server("variorum", "variorum.asgi:application", env))
        servers.append(Server("bare", f"{__file__}:bare", {**env, "BENCH_BODY": str(folder / "body")}))
        measure(servers, token, body, options.seconds, options.rounds)


if __name__ == "__main__":
    main()
