"""A real web process on the test run's own database. Use it with `transactional_db`: it sees only what is committed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import Live, free_port


@pytest.fixture(scope="session")
def web(django_db_setup: None) -> Iterator[str]:
    """Its address, http://127.0.0.1:<port>."""
    from django.db import connections

    name = connections["default"].settings_dict["NAME"]
    data = Path(os.environ["VARIORUM_DATA"])
    live = Live(data, free_port(), os.environ["DATABASE_URL"], {}, database=name)
    try:
        live.start_web()
        yield live.url
    finally:
        for process in list(live.processes):
            live.kill(process)
