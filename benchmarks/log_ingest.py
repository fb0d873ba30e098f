"""Durable logs a second through the real HTTP server, beside bare COPY of the same rows in the same run.

    python benchmarks/log_ingest.py [--seconds 1.5] [--rounds 5]

A log has 2.6 KB: a prompt of 1 KB, an answer of 1 KB, names, numbers. The texts are cut from this repository's own
prose, or made of random words (--random), which compress worse. COPY writes the same rows, uncompressed, into a plain
table with the same two indexes, one commit per batch, one connection. Only what the database counts afterwards counts
as durable.
Targets: at least 0.5 of COPY in batches of 50 to 500, and at most 0.4 ms of CPU a log in the web process.
"""

import argparse
import json
import os
import random
import socket
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
from own_server import ROOT, Server, machine_busy, running

LIKE_TABLE = """
CREATE TABLE bare (
    LIKE logs_log INCLUDING DEFAULTS, input text, output text, metadata text, PRIMARY KEY (project_id, day, id)
);
CREATE INDEX ON bare (project_id, started_at, id)
"""
COLUMNS = (
    "project_id, day, id, started_at, prompt, environment, commit, model, adapter, failed, latency_ms, input_tokens, "
    "output_tokens, cost, tags, end_user, session, text_id, text_at, input, output, metadata"
)
SHAPES = [(50, 1), (50, 4), (500, 1), (500, 4), (1, 16)]


class Texts:
    """Kilobytes of text, each cut at another place."""

    def __init__(self, *, of_random_words: bool) -> None:
        files = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("platform/**/*.py")]
        self.prose = "".join(path.read_text() for path in files)
        if of_random_words:
            rng = random.Random(7)
            words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(5000)]
            self.prose = " ".join(rng.choices(words, k=200_000))

    def cut(self) -> str:
        """About a thousand characters."""
        start = random.randrange(len(self.prose) - 1000)
        return self.prose[start : start + 1000]


def uuid7() -> str:
    """A fresh id."""
    value = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10), "big")
    return str(uuid.UUID(int=(value & ~(0xF << 76) & ~(0x3 << 62)) | (0x7 << 76) | (0x2 << 62)))


def a_log(texts: Texts) -> dict[str, object]:
    """One call as an application reports it."""
    return {
        "id": uuid7(),
        "prompt": random.choice(["triage", "reply"]),
        "environment": "production",
        "commit": "8c7f3a1de0b94c55a2f6d0e1b7a9c3d2e4f50617",
        "model": "local/smollm2-135m",
        "latency_ms": round(random.lognormvariate(5, 1), 3),
        "input": {"messages": [{"role": "user", "content": texts.cut()}]},
        "output": texts.cut(),
        "input_tokens": 250,
        "output_tokens": 240,
        "cost": 0.000321,
        "tags": ["web"],
        "metadata": {"plan": "pro", "locale": "de"},
        "user": f"user-{random.randrange(500)}",
    }


def row_of(log: dict[str, object], project_id: int) -> tuple[object, ...]:
    """The same log as a row for COPY."""
    now = datetime.now(tz=UTC)
    names = (log["prompt"], log["environment"], log["commit"], log["model"], "", False)
    numbers = (log["latency_ms"], log["input_tokens"], log["output_tokens"], log["cost"])
    rest = (log["tags"], log["user"], "", log["id"], 0)
    texts = (json.dumps(log["input"]), log["output"], json.dumps(log["metadata"]))
    return (project_id, now.date(), log["id"], now, *names, *numbers, *rest, *texts)


def copy_rate(server: Server, texts: Texts, batch: int, seconds: float) -> float:
    """Rows a second of bare COPY, one commit a batch."""
    made = iter([[row_of(a_log(texts), server.project_id) for _ in range(batch)] for _ in range(4000 // batch)])
    with psycopg.connect(server.database_url) as connection:
        done, spent = 0, 0.0
        while spent < seconds:
            rows = next(made, None) or [row_of(a_log(texts), server.project_id) for _ in range(batch)]
            began = time.perf_counter()
            with connection.cursor() as cursor, cursor.copy(f"COPY bare ({COLUMNS}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            connection.commit()
            spent += time.perf_counter() - began
            done += batch
    return done / spent


class Poster:
    """One keep-alive connection that posts ready-made requests."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = f"POST /api/v1/logs HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {server.token}\r\n"
        self.head += "content-type: application/json\r\ncontent-length: "

    def post(self, body: bytes) -> int:
        """Send; the status."""
        self.socket.sendall(f"{self.head}{len(body)}\r\n\r\n".encode() + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(65536)
        head, _, rest = answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        while len(rest) < length:
            rest += self.socket.recv(65536)
        return int(head.split()[1])


def bodies(texts: Texts, batch: int, count: int) -> Iterator[bytes]:
    """Ready-made requests."""
    for _ in range(count):
        yield json.dumps({"logs": [a_log(texts) for _ in range(batch)]}).encode()


def http_rate(server: Server, texts: Texts, batch: int, connections: int, seconds: float) -> dict[str, float]:
    """Post for some seconds; durable logs a second, CPU a log, time of a request."""
    each = max(1, int(14_000 * seconds / batch / connections))
    share = [list(bodies(texts, batch, each)) for _ in range(connections)]
    counts, times = [0] * connections, [[] for _ in range(connections)]
    before = count_logs(server)
    stop = time.perf_counter() + seconds

    def work(number: int) -> None:
        poster = Poster(server)
        for body in share[number]:
            began = time.perf_counter()
            status = poster.post(body)
            times[number].append(time.perf_counter() - began)
            assert status == 200, status
            counts[number] += batch
            if time.perf_counter() > stop:
                return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    web, database = server.cpu()
    busy, began = machine_busy(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    web_after, database_after = server.cpu()
    stored = count_logs(server) - before
    assert stored == sum(counts), (stored, counts)
    every = sorted(one for some in times for one in some)
    return {
        "rate": stored / took,
        "web_ms": 1000 * (web_after - web) / stored,
        "db_ms": 1000 * (database_after - database) / stored,
        "p50": 1000 * every[len(every) // 2],
        "p99": 1000 * every[int(len(every) * 0.99)],
        "cores": (machine_busy() - busy) / took,
    }


def count_logs(server: Server) -> int:
    """What the database has."""
    with psycopg.connect(server.database_url) as connection:
        return int(connection.execute("SELECT count(*) FROM logs_log").fetchone()[0])


def main() -> None:
    """Measure each shape in turns with COPY."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--random", action="store_true", help="texts of random words instead of prose")
    chosen = parser.parse_args()
    texts = Texts(of_random_words=chosen.random)
    with running() as server:
        with psycopg.connect(server.database_url) as connection:
            connection.execute(LIKE_TABLE)
        http_rate(server, texts, 50, 2, 1)  # warm up
        head = f"{'batch x conns':>14} {'COPY/s':>8} {'durable/s':>10} {'ratio':>6} {'web ms':>7} {'db ms':>6}"
        print(f"{head} {'p50':>7} {'p99':>7}  cores busy")
        for batch, connections in SHAPES:
            copies, results = [], []
            for _ in range(chosen.rounds):
                copies.append(copy_rate(server, texts, batch, chosen.seconds))
                results.append(http_rate(server, texts, batch, connections, chosen.seconds))
            copy = statistics.mean(copies)
            mean = {name: statistics.mean(result[name] for result in results) for name in results[0]}
            line = f"{batch:>9} x {connections:<2} {copy:>8.0f} {mean['rate']:>10.0f} {mean['rate'] / copy:>6.2f}"
            line += f" {mean['web_ms']:>7.3f} {mean['db_ms']:>6.3f} {mean['p50']:>7.1f} {mean['p99']:>7.1f}"
            print(f"{line}  {mean['cores']:.1f}", flush=True)


if __name__ == "__main__":
    main()
