"""Logs for tests."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.logs import services
from monitoring.logs.models import Log
from variorum.accounts.models import Project
from variorum.lib.ids import uuid7


def uuid7_at(moment: datetime) -> str:
    """A version 7 UUID of another time."""
    value = uuid7().int & ((1 << 80) - 1)
    return str(uuid.UUID(int=(int(moment.timestamp() * 1000) << 80) | value))


@pytest.fixture
def put_logs(project: Project) -> Callable[..., list[Log]]:
    """put_logs({...}, {...}, into=project) -> the stored logs in that order. `ago` (a timedelta) sets the time."""

    def put(*logs: dict[str, Any], into: Project = project) -> list[Log]:
        now = datetime.now(tz=UTC)
        made = []
        for given in logs:
            moment = now - given.pop("ago", timedelta(minutes=1))
            id_ = given.pop("id", None) or uuid7_at(moment)
            made.append({"id": id_, "started_at": moment.isoformat(), "environment": "production", **given})
        for start in range(0, len(made), 1000):
            services.take_logs(project=into, body=json.dumps({"logs": made[start : start + 1000]}).encode())
        found = Log.objects.filter(project=into).in_bulk([log["id"] for log in made])
        return [found[uuid.UUID(log["id"])] for log in made]

    return put
