"""A Variorum of its own for a benchmark: a fresh embedded database, one project with a key, the real web process."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT / "platform" / "client"), str(ROOT)]

from variorum.lib import postgres  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
MAKE_PROJECT = """
import django; django.setup()
from variorum.accounts import services
from variorum.accounts.roles import Scope
user = services.create_user(email="bench@example.org", password="correct horse battery", name="Bench")
project = services.create_project(owner=user, name="Bench", slug="bench")
_, token = services.create_api_key(project=project, user=user, name="bench", scopes=list(Scope), expires_at=None)
print(project.pk, token)
"""


@dataclass
class Server:
    """Where it listens, its key (every scope), its project's id, its database, the pids of web and database, and the
    environment that the web process was started with."""

    port: int
    token: str
    project_id: int
    database_url: str
    web_pid: int
    database_pid: int
    env: dict[str, str]

    def cpu(self) -> tuple[float, float]:
        """CPU seconds so far: of the web process with its children, of the database with its children."""
        return _tree_cpu(self.web_pid), _tree_cpu(self.database_pid)


@contextmanager
def running(port: int = 8185) -> Iterator[Server]:
    """Start everything in a temporary folder, and remove it."""
    data = Path(tempfile.mkdtemp(prefix="variorum-bench-"))
    try:
        cluster = postgres.start(data)
        env = {
            "DJANGO_SETTINGS_MODULE": "variorum.settings",
            **os.environ,
            "VARIORUM_DATA": str(data),
            "VARIORUM_PORT": str(port),
            "DATABASE_URL": cluster.url,
            "PYTHONPATH": os.pathsep.join([*sys.path[:3], os.environ.get("PYTHONPATH", "")]),
        }
        subprocess.run([sys.executable, "-m", "django", "migrate", "-v", "0"], env=env, check=True, cwd=ROOT)
        made = subprocess.check_output([sys.executable, "-c", MAKE_PROJECT], env=env, text=True)
        project_id, token = made.split()
        web = subprocess.Popen([sys.executable, "-m", "variorum.processes", "web"], env=env, cwd=ROOT)
        try:
            _await(port, web)
            yield Server(port, token, int(project_id), cluster.url, web.pid, cluster.pid, env)
        finally:
            web.terminate()
            web.wait(30)
    finally:
        postgres.stop(data)
        shutil.rmtree(data, ignore_errors=True)


def _await(port: int, web: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=2) as answer:
            if json.load(answer)["status"] == "ok":
                return
        if web.poll() is not None:
            sys.exit("The web process ended.")
        time.sleep(0.1)
    sys.exit("The web process does not answer.")


def _tree_cpu(pid: int) -> float:
    """User and system seconds of a process, of its living descendants and of the children it has waited for."""
    total = 0.0
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total = sum(int(fields[i]) for i in (11, 12, 13, 14)) / TICK
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += sum(_tree_cpu(int(child)) for child in (task / "children").read_text().split())
    return total


def machine_busy() -> float:
    """CPU seconds that the whole machine has spent so far, to say how much others took."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return sum(int(value) for i, value in enumerate(fields) if i not in (3, 4)) / TICK
