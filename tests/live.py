"""A whole Variorum of real processes for a test: its own database, web, worker and, if wanted, model server.

The engines come from the environment (see ENGINES), so that the same journeys run on every one of them.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests import database

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery"

# name -> {setting of the product: variable of the test run that holds the server's address}
ENGINES = {
    "embedded": {},
    "postgresql": {"DATABASE_URL": "VARIORUM_TEST_DATABASE_URL"},
    "redis": {"BROKER_URL": "VARIORUM_TEST_REDIS_URL"},
    "rabbitmq": {"BROKER_URL": "VARIORUM_TEST_AMQP_URL"},
    "s3": {"STORAGE_URL": "VARIORUM_TEST_S3_URL"},
}


def engine_settings(name: str) -> dict[str, str]:
    """The product's settings for an engine. Skips with a word when its server is not here; fails in CI."""
    found = {}
    for setting, variable in ENGINES[name].items():
        if variable not in os.environ:
            text = f"{name} is not tested here: {variable} is not set (.ci/services starts the servers)"
            if os.environ.get("CI") == "true":
                pytest.fail(text)
            pytest.skip(text)
        found[setting] = os.environ[variable]
    return found


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Live:
    """One running installation. `database_url` is its own database on the test server."""

    data: Path
    port: int
    server_url: str
    settings: dict[str, str]
    database: str = field(default_factory=lambda: f"live_{uuid.uuid4().hex[:12]}")
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    browsers: list["Browser"] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the web process listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        """Its database."""
        return database.at(self.server_url, self.database)

    @property
    def env(self) -> dict[str, str]:
        """The environment of its processes."""
        own = {
            "VARIORUM_DATA": str(self.data),
            "VARIORUM_PORT": str(self.port),
            "DATABASE_URL": self.database_url,
            "VARIORUM_ALLOW_HOSTS": "127.0.0.1,localhost",
            "VARIORUM_LEASE_SECONDS": "4",
            "DJANGO_SETTINGS_MODULE": "variorum.settings",
            "VARIORUM_TESTING": "1",
        }
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("VARIORUM_", "DATABASE_URL", "BROKER_", "STORAGE_"))
        }
        return {**kept, **own, **self.settings}

    def manage(self, *arguments: str) -> str:
        """Run a management command; its output."""
        command = [sys.executable, "-m", "django", *arguments]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def prepare(self) -> None:
        """Make the database and its tables."""
        database.create(self.server_url, self.database)

    def start(self, name: str, command: list[str]) -> None:
        """Start one process in a group of its own; its output goes to <data>/<name>.log."""
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def start_web(self) -> None:
        """Start granian and wait for its health."""
        granian = [sys.executable, "-m", "granian", "--interface", "asgi", "variorum.asgi:application", "--no-ws"]
        self.start("web", [*granian, "--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning"])
        self.wait(lambda: httpx.get(f"{self.url}/api/v1/health", timeout=5).status_code == 200, 60, "the web server")

    def start_worker(self) -> None:
        """Start the worker with its clock."""
        self.start("worker", [sys.executable, "-m", "variorum.worker"])

    def start_models(self, model: str = "smollm2-135m") -> None:
        """Start our own model server on a free port; put a model of your own under <data>/models/<id>/ before.

        Web and worker learn its address when they start.
        """
        port, models = free_port(), str(self.data / "models")
        self.settings["VARIORUM_MODEL_SERVER_URL"] = f"http://127.0.0.1:{port}"
        folders = ["--models-dir", models, "--adapters-dir", f"{models}/adapters"]
        command = [sys.executable, "-m", "variorum.inference.serve", "--port", str(port), "--model", model]
        self.start("models", [*command, *folders])
        address = f"http://127.0.0.1:{port}/health"
        self.wait(lambda: httpx.get(address, timeout=5).status_code == 200, 90, "the model server")

    def kill(self, name: str) -> None:
        """SIGKILL a process and its whole group."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)

    def stop(self) -> None:
        """Kill everything and drop the database.

        Nothing of it is needed any more: a gentle end waits for open connections (the tests of ends do so themselves).
        """
        for browser in self.browsers:
            browser.client.close()
        for name in list(self.processes):
            self.kill(name)
        database.drop(self.server_url, self.database)

    def wait(self, condition: Any, seconds: float, what: str) -> Any:
        """Poll until `condition()` is true and give its value; connection errors count as not yet."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if value := condition():
                    return value
            time.sleep(0.1)
        logs = "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}" for log in self.data.glob("*.log")
        )
        raise AssertionError(f"{what} did not come within {seconds} s\n{logs}")

    def ended(self, browser: "Browser", address: str, seconds: float) -> Any:
        """Wait until a job's own page says that it has ended, and give it. Fails unless it succeeded."""

        def look() -> Any:
            found = browser.get(address)
            return found if found["state"] in {"succeeded", "failed", "cancelled"} else None

        found = self.wait(look, seconds, address)
        assert found["state"] == "succeeded", found
        return found

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of its database."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(query, values).fetchall()

    def person(self, email: str, name: str) -> "Browser":
        """Make an account and sign in as it over HTTP."""
        with ThreadPoolExecutor(1) as aside:
            aside.submit(_make_person, self.database_url, email, name).result()
        self.browsers.append(Browser.sign_in(self.url, email))
        return self.browsers[-1]


def _make_person(url: str, email: str, name: str) -> None:
    """An account in the database of an installation. Runs in a thread of its own: Django's connection is a thread's."""
    from django.db import connections

    from variorum.accounts.services import create_user
    from variorum.lib.databases import django_databases

    connection = connections["default"] = connections.create_connection("default")
    connection.settings_dict = {**connection.settings_dict, **django_databases(url, Path())["default"]}
    # Its own, for pytest-django keeps plain tests from every database.
    connection.ensure_connection = lambda: connection.connection or connection.connect()
    try:
        create_user(email=email, password=PASSWORD, name=name)
    finally:
        connection.close()


class Browser:
    """A signed-in person over HTTP, with CSRF as a browser does it."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    @classmethod
    def sign_in(cls, url: str, email: str) -> "Browser":
        """Open the session page, then sign in."""
        client = httpx.Client(base_url=f"{url}/api/v1", timeout=60)
        client.get("/session")
        browser = cls(client)
        browser.post("/session", {"email": email, "password": PASSWORD})
        return browser

    def request(self, method: str, path: str, body: Any = None, *, status: int | None = None, **extra: Any) -> Any:
        """One call; the parsed answer. Fails on a status other than the one expected (2xx when none is named)."""
        headers = {"X-CSRFToken": self.client.cookies.get("csrftoken", ""), **extra.pop("headers", {})}
        if body is not None:
            extra["json"] = body
        answer = self.client.request(method, path, headers=headers, **extra)
        good = answer.status_code == status if status else answer.is_success
        assert good, f"{method} {path} -> {answer.status_code}: {answer.text[:1500]}"
        return answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else answer

    def get(self, path: str, **extra: Any) -> Any:
        """GET."""
        return self.request("GET", path, **extra)

    def post(self, path: str, body: Any = None, **extra: Any) -> Any:
        """POST JSON."""
        return self.request("POST", path, body, **extra)

    def patch(self, path: str, body: Any = None, **extra: Any) -> Any:
        """PATCH JSON."""
        return self.request("PATCH", path, body, **extra)

    def put(self, path: str, body: Any = None, **extra: Any) -> Any:
        """PUT JSON."""
        return self.request("PUT", path, body, **extra)


@contextlib.contextmanager
def running(data: Path, engine: str = "embedded", **settings: str) -> Iterator[Live]:
    """An installation on an engine with its database made; processes are started by the caller."""
    chosen = engine_settings(engine)
    server = chosen.pop("DATABASE_URL", None) or os.environ["DATABASE_URL"]
    live = Live(data=data, port=free_port(), server_url=server, settings={**chosen, **settings})
    try:
        live.prepare()
        yield live
    finally:
        live.stop()
