"""The figures of a window equal what the logs say."""

import statistics
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from evals.metrics.queries import find_metric
from evals.metrics.verdicts import Verdict
from monitoring.logs import scores, window
from monitoring.logs.models import Log
from variorum.accounts.models import Project

Put = Callable[..., list[Log]]


def last(project: Project, minutes: int, **scope: str) -> window.Window:
    """The last minutes."""
    now = datetime.now(tz=UTC)
    return window.Window(project, now - timedelta(minutes=minutes), now, **scope)


def test_traffic_by_commit(project: Project, put_logs: Put) -> None:
    put_logs(
        *[
            {
                "ago": timedelta(minutes=n),
                "commit": "aaa" if n < 4 else "bbb",
                "prompt": "triage",
                "latency_ms": n * 10,
                "error": "x" if n % 3 == 0 else None,
                "cost": 0.25,
                "input_tokens": 2,
            }
            for n in range(1, 11)
        ],
        {"ago": timedelta(minutes=2), "prompt": "reply", "environment": "staging"},
        {"ago": timedelta(minutes=90), "prompt": "triage"},
    )
    found = window.traffic(last(project, 60, prompt="triage", environment="production"))
    assert (found.whole.requests, found.whole.errors, found.whole.timed) == (10, 3, 10)
    assert (found.whole.latency_p50, found.whole.latency_p99, found.whole.latency_mean) == (50, 100, 55)
    assert (found.whole.cost, found.whole.input_tokens) == (Decimal("2.5"), 20)
    assert [(commit, part.requests, part.errors) for commit, part in found.by_commit.items()] == [
        ("bbb", 7, 2),
        ("aaa", 3, 1),
    ]
    assert found.whole.error_rate is not None
    assert (found.whole.error_rate.value, found.whole.error_rate.n) == (0.3, 10)
    assert window.traffic(last(project, 60)).whole.requests == 11
    nothing = window.traffic(last(project, 60, prompt="absent"))
    assert (nothing.whole.requests, nothing.by_commit, nothing.whole.error_rate) == (0, {}, None)


def test_scores_of_one_version(project: Project, put_logs: Put) -> None:
    logs = put_logs(*[{"commit": "aaa" if n < 3 else "bbb", "prompt": "triage"} for n in range(8)], {"prompt": "reply"})
    metric = find_metric(project, "token-f1")
    values = [0.1, 0.2, 0.9, 0.4, 0.5, 0.6, 0.7, 0.8]
    given = [scores.LogScore(log, metric, Verdict(value)) for log, value in zip(logs, values, strict=False)]
    scores.record(project=project, scores=[*given, scores.LogScore(logs[8], metric, Verdict(0.0))])
    found = window.scores(last(project, 60, prompt="triage"), metric)
    assert found.whole is not None
    assert (found.whole.n, found.whole.value) == (8, pytest.approx(statistics.mean(values)))
    half = 1.959964 * statistics.stdev(values) / 8**0.5
    assert found.whole.high - found.whole.value == pytest.approx(half, rel=1e-5)
    assert [(commit, part.n) for commit, part in found.by_commit.items()] == [("bbb", 5), ("aaa", 3)]
    assert window.scores(last(project, 60), find_metric(project, "exact-match")).whole is None


def test_intervals_of_means() -> None:
    assert window.mean(10, 10, 10, binary=True).low == pytest.approx(0.7225, abs=1e-3)
    assert (window.mean(1, 0.5, 0.25, binary=False).low, window.mean(1, 0.5, 0.25, binary=False).high) == (0.0, 1.0)
    assert window.mean(5, 2.5, 1.25, binary=False).low == 0.5
