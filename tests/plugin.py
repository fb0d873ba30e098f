"""Loaded by pytest before Django's settings: gives the run its own data folder and database.

The tests run on the embedded PostgreSQL; the journeys run again on other servers (tests/live.py).
"""

import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
for folder in ("platform/client", "platform"):
    sys.path.insert(0, str(ROOT / folder))

STATE = ROOT / ".state"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

os.environ["VARIORUM_TESTING"] = "1"
os.environ["VARIORUM_DATA"] = str(STATE / f"data-{os.getppid() if WORKER != 'main' else os.getpid()}-{WORKER}")
os.environ["VARIORUM_TEST_DB_NAME"] = f"test_variorum_{os.getpid()}"
os.environ.setdefault("VARIORUM_ALLOW_HOSTS", "127.0.0.1,localhost")
os.environ.setdefault("VARIORUM_LEASE_SECONDS", "3")
os.environ.setdefault("PYTHONHASHSEED", "0")


def _database() -> str:
    """The server's address; it is started or found. pytest-django reads the settings right after."""
    import psycopg

    from variorum.lib import postgres

    url = postgres.ensure(STATE / "testpg")
    with psycopg.connect(url, autocommit=True) as connection:  # what is here need not outlive the machine
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        connection.execute("SELECT pg_reload_conf()")
    return url


os.environ["DATABASE_URL"] = _database()


# A busy machine is no fault of the code: no example has a deadline.
# In CI hypothesis by itself takes the same examples each time.
settings.register_profile("busy", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the slowest tests first, so that at the end no worker waits for another's.

    First those with a real model, then those with processes or a browser of their own; of each sort those with the
    most tests. Files of about the same size (up to twice as many tests) stay in random order.
    """
    weights: dict[Path, int] = {}
    sizes = Counter(item.path for item in items)
    for item in items:
        own = item.get_closest_marker("slow") or {"live", "house"} & set(getattr(item, "fixturenames", ()))
        weight = 2 if item.get_closest_marker("model") else 1 if own else 0
        weights[item.path] = max(weight, weights.get(item.path, 0))
    items.sort(key=lambda item: (-weights[item.path], -sizes[item.path].bit_length()))


def pytest_unconfigure() -> None:
    """Remove this run's data folder."""
    import shutil

    shutil.rmtree(os.environ["VARIORUM_DATA"], ignore_errors=True)
