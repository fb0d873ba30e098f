"""What the gateway adds to a call, beside direct calls of the same scripted upstream in the same run.

    python benchmarks/gateway.py [--seconds 4] [--rounds 3] [--delay-ms 100] [--words 40]

Starts a Variorum of its own (one web process, the key checked and every call logged) and the scripted endpoint of the
tests, each in a process of its own. Streamed chat completions over kept connections at 1, 16 and 64 streams, direct and
through the gateway by turns. Prints p50 and p99 of the time to the first byte and of the whole answer, the ratio of the
medians, and the CPU of the web process a call. At the end every call must have its log.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field

import psycopg
from own_server import ROOT, machine_busy, running

MAKE_PROVIDER = """
import sys, django; django.setup()
from variorum.inference.models import Provider
models = [{"id": "fake", "input_price": "1", "output_price": "2"}]
Provider.objects.create(project_id=sys.argv[1], slug="up", name="Up", base_url=sys.argv[2], catalogue=models)
"""


@dataclass
class Times:
    """Seconds to the first byte and to the end, one pair a call."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)


async def stream(port: int, request: bytes, until: float, times: Times) -> None:
    """One connection that asks again and again."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            sys.exit(f"The answer is {head[:200]!r}")
        first = b""
        rest = b""
        while not rest.endswith(b"0\r\n\r\n"):
            piece = await reader.read(65536)
            if not piece:
                sys.exit("The connection was closed.")
            if not first:
                first = piece
                times.first.append(time.perf_counter() - began)
            rest = (rest + piece)[-5:] if len(piece) < 5 else piece
        times.whole.append(time.perf_counter() - began)
    writer.close()


def load(port: int, path: str, token: str, model: str, streams: int, seconds: float) -> Times:
    """So many connections for so long."""
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "Where is my parcel? " * 40}]}
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    times = Times()

    async def run() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(stream(port, head.encode() + content, until, times) for _ in range(streams)))

    asyncio.run(run())
    return times


def quantile(values: list[float], share: float) -> float:
    """In milliseconds."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay-ms", type=float, default=100)
    parser.add_argument("--words", type=int, default=40)
    given = parser.parse_args()
    os.environ["VARIORUM_ALLOW_HOSTS"] = "127.0.0.1"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fake = [sys.executable, "-m", "tests.fakes.openai_server", "--port", str(port), "--delay-ms", str(given.delay_ms)]
    with running() as server:
        upstream = subprocess.Popen([*fake, "--answer", "word " * given.words], env=server.env, cwd=ROOT)
        try:
            made = [sys.executable, "-c", MAKE_PROVIDER, str(server.project_id), f"http://127.0.0.1:{port}/v1"]
            subprocess.run(made, env=server.env, check=True, cwd=ROOT)
            calls = sum(measure(server, port, streams, given) for streams in (1, 16, 64))
            check(server.database_url, calls)
        finally:
            upstream.terminate()
            upstream.wait(10)


def measure(server, port: int, streams: int, given: argparse.Namespace) -> int:
    """Direct and through the gateway by turns; gives the calls through the gateway."""
    direct, through, ratios = Times(), Times(), []
    cpu, busy = 0.0, 0.0
    for at in range(given.rounds + 1):  # the first round warms up
        seconds = 1.0 if at == 0 else given.seconds
        one = load(port, "/v1/chat/completions", "x", "fake", streams, seconds)
        began, others = server.cpu()[0], machine_busy()
        two = load(server.port, "/v1/chat/completions", server.token, "up/fake", streams, seconds)
        if at:
            cpu, busy = cpu + server.cpu()[0] - began, busy + machine_busy() - others
            direct.first += one.first
            direct.whole += one.whole
            ratios.append(quantile(two.whole, 0.5) / quantile(one.whole, 0.5))
        through.first += two.first if at else []
        through.whole += two.whole
    measured = through.whole[-len(through.first) :]
    for what, one, two in (("first byte", direct.first, through.first), ("whole", direct.whole, measured)):
        for name, times in (("direct", one), ("gateway", two)):
            p50, p99 = quantile(times, 0.5), quantile(times, 0.99)
            rate = len(times) / given.seconds / given.rounds
            print(f"{streams:3} streams, {what:10} {name:8} p50 {p50:7.1f}  p99 {p99:7.1f} ms  {rate:6.1f}/s")
    print(
        f"{streams:3} streams: the median call takes {statistics.median(ratios):.3f} times as long; web CPU "
        f"{cpu / len(measured) * 1000:.2f} ms a call; the machine spent {busy:.1f} CPU s meanwhile"
    )
    return len(through.whole)


def check(database_url: str, calls: int) -> None:
    """Every call has its log."""
    deadline = time.monotonic() + 60
    with psycopg.connect(database_url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            row = connection.execute("SELECT count(*) FROM logs_log").fetchone()
            if row and row[0] >= calls:
                break
            time.sleep(0.2)
    print(f"{calls} calls, {row[0] if row else 0} logs")


if __name__ == "__main__":
    main()
