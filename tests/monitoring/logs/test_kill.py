"""kill -9 of the web process and of the database while logs are posted: no acknowledged log is lost, none is twice."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live import Live, free_port
from variorum.lib import postgres
from variorum.lib.ids import uuid7

KEY = """
import django; django.setup()
from variorum.accounts import services
user = services.create_user(email="a@example.org", password="correct horse battery", name="A")
project = services.create_project(owner=user, name="P", slug="p")
print(services.create_api_key(project=project, user=user, name="k", scopes=["logs"], expires_at=None)[1])
"""


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Live]:
    """A web process with a database server of its own, which may be killed."""
    cluster = postgres.start(tmp_path / "own")
    live = Live(data=tmp_path / "data", port=free_port(), server_url=cluster.url, settings={})
    try:
        live.prepare()
        live.start_web()
        yield live
    finally:
        postgres.start(tmp_path / "own")
        live.stop()
        postgres.stop(tmp_path / "own")


class App:
    """Posts batches from several threads, each again and again until it is acknowledged."""

    def __init__(self, live: Live, token: str) -> None:
        self.url = f"{live.url}/api/v1/logs"
        self.headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self.retries = 0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(number,)) for number in range(4)]

    def _run(self, number: int) -> None:
        rng = random.Random(number)
        while not self.stop.is_set():
            ids = [str(uuid7()) for _ in range(rng.choice([1, 1, 20]))]
            logs = [{"id": id_, "environment": "production", "output": "x" * 500, "latency_ms": 5} for id_ in ids]
            self._send(json.dumps({"logs": logs}).encode())
            self.acknowledged += ids
            time.sleep(0.002)

    def _send(self, body: bytes) -> None:
        while True:
            with suppress(httpx.TransportError):
                answer = httpx.post(self.url, content=body, headers=self.headers, timeout=10)
                if answer.status_code == 200:
                    return
                if answer.status_code < 500:
                    self.refused.append(answer.text)
                    return
            self.retries += 1
            time.sleep(0.05)

    def until(self, count: int) -> None:
        """Wait until so many more logs are acknowledged."""
        goal = len(self.acknowledged) + count
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < goal:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} of {goal}"
            time.sleep(0.02)


def kill_database(own: Path) -> None:
    """SIGKILL every process of the cluster."""
    cluster: Any = postgres.running(own)
    children = Path(f"/proc/{cluster.pid}/task/{cluster.pid}/children").read_text().split()
    for pid in (cluster.pid, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_is_twice(installation: Live, tmp_path: Path) -> None:
    live = installation
    token = subprocess.check_output([sys.executable, "-c", KEY], env=live.env, text=True).strip()
    app = App(live, token)
    for thread in app.threads:
        thread.start()
    try:
        app.until(200)
        live.kill("web")
        live.start_web()
        app.until(200)
        kill_database(tmp_path / "own")
        postgres.start(tmp_path / "own")
        app.until(200)
        live.kill("web")
        kill_database(tmp_path / "own")
        postgres.start(tmp_path / "own")
        live.start_web()
        app.until(200)
    finally:
        app.stop.set()
        for thread in app.threads:
            thread.join(60)
    assert app.refused == []
    assert app.retries > 0
    stored = [str(row[0]) for row in live.sql("SELECT id FROM logs_log")]
    assert len(stored) == len(set(stored))
    assert set(app.acknowledged) == set(stored)
    sums = live.sql("SELECT sum(requests), sum(timed), sum(latency_sum) FROM logs_loghour")[0]
    assert sums == (len(stored), len(stored), 5.0 * len(stored))
    packed = live.sql("SELECT count(*) FROM logs_log WHERE NOT EXISTS (SELECT FROM logs_text t WHERE t.id = text_id)")
    assert packed == [(0,)]
