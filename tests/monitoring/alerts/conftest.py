"""Logs, scores and rules for tests of alerts."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from evals.metrics.queries import find_metric
from evals.metrics.verdicts import Verdict
from monitoring.alerts import services
from monitoring.alerts.evaluation import evaluate_due
from monitoring.alerts.models import AlertRule, Channel
from monitoring.logs import scores
from monitoring.logs.models import Log
from monitoring.logs.services import take_logs
from variorum.accounts.access import Actor
from variorum.accounts.models import Project
from variorum.lib.ids import uuid7


def _id_at(moment: datetime) -> str:
    value = uuid7().int & ((1 << 80) - 1)
    return str(uuid.UUID(int=(int(moment.timestamp() * 1000) << 80) | value))


@pytest.fixture
def put_logs(project: Project) -> Callable[..., list[Log]]:
    """put_logs(20, failed=3, minutes_ago=5, commit=..., latency_ms=...) -> the stored logs."""

    def put(count: int, *, failed: int = 0, minutes_ago: float = 1, into: Project = project, **extra: Any) -> list[Log]:
        moment = datetime.now(tz=UTC) - timedelta(minutes=minutes_ago)
        logs = [
            {
                "id": _id_at(moment),
                "started_at": moment.isoformat(),
                "prompt": "triage",
                "environment": "production",
                **({"error": "Timeout"} if number < failed else {}),
                **extra,
            }
            for number in range(count)
        ]
        take_logs(project=into, body=json.dumps({"logs": logs}).encode())
        found = Log.objects.filter(project=into).in_bulk([log["id"] for log in logs])
        return [found[uuid.UUID(str(log["id"]))] for log in logs]

    return put


@pytest.fixture
def put_scores(project: Project) -> Callable[..., None]:
    """put_scores(logs, 0.4) -> every one of these logs has this exact-match score."""

    def put(logs: list[Log], value: float, metric: str = "exact-match") -> None:
        found = find_metric(project, metric)
        given = [scores.LogScore(log, found, Verdict(value=value)) for log in logs]
        scores.record(project=project, scores=given)

    return put


@pytest.fixture
def inbox(project: Project, actor: Actor) -> Channel:
    """A channel to every member's inbox."""
    return services.create_channel(project=project, actor=actor, kind="inbox", name="Inbox", address="viewer")[0]


@pytest.fixture
def make_rule(project: Project, actor: Actor, inbox: Channel) -> Callable[..., AlertRule]:
    """make_rule(kind="errors", threshold=0.1, ...) -> a rule that fires at the first evaluation, by the inbox."""

    def make(channels: list[Channel] | None = None, **fields: Any) -> AlertRule:
        given = {
            "name": f"Rule {AlertRule.objects.count()}",
            "kind": "errors",
            "threshold": 0.1,
            "consecutive": 1,
            **fields,
        }
        chosen = [inbox] if channels is None else channels
        return services.create_rule(project=project, actor=actor, fields=given, channels=chosen)

    return make


@pytest.fixture
def tick(db: None) -> Callable[[], int]:
    """tick() -> evaluate every rule now, as the clock would in ten seconds; gives how many were."""

    def evaluate() -> int:
        AlertRule.objects.update(next_at=timezone.now())
        return evaluate_due()

    return evaluate
