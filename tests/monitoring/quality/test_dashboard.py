"""The dashboard's figures equal plain SQL over the logs."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from evals.metrics.queries import find_metric
from evals.metrics.verdicts import Verdict
from monitoring.logs import scores
from monitoring.logs.models import Log
from monitoring.quality import dashboard, steps
from variorum.accounts.models import Project, User
from variorum.deployments.models import Bundle, Deployment
from variorum.deployments.queries import environments_of
from variorum.lib import statistics

Put = Callable[..., list[Log]]
URL = "/api/v1/projects/support-desk/quality"
RAW = """
SELECT extract(epoch FROM date_trunc(%(grain)s, started_at, 'UTC'))::bigint, count(*), count(*) FILTER (WHERE failed),
    avg(latency_ms), percentile_disc(0.5) WITHIN GROUP (ORDER BY latency_ms),
    percentile_disc(0.99) WITHIN GROUP (ORDER BY latency_ms), coalesce(sum(input_tokens), 0),
    coalesce(sum(output_tokens), 0), coalesce(sum(cost), 0)::float8
FROM logs_log WHERE project_id = %(project)s AND (%(prompt)s = '' OR prompt = %(prompt)s)
    AND (%(commit)s = '-' OR commit = %(commit)s)
    AND started_at >= %(since)s AND started_at < %(until)s
GROUP BY 1 ORDER BY 1
"""


@pytest.fixture
def traffic(project: Project, put_logs: Put) -> list[Log]:
    """Some hundreds of logs over two days, of two prompts and three commits, a third of them scored."""
    rng = random.Random(7)
    logs = put_logs(
        *[
            {
                "ago": timedelta(hours=rng.random() * 48),
                "prompt": rng.choice(["triage", "reply"]),
                "commit": rng.choice(["aaa", "bbb", "ccc"]),
                "environment": rng.choice(["production", "production", "staging"]),
                "latency_ms": None if rng.random() < 0.1 else rng.lognormvariate(5, 1),
                "error": "boom" if rng.random() < 0.1 else None,
                "input_tokens": rng.randrange(500),
                "output_tokens": None if rng.random() < 0.1 else rng.randrange(500),
                "cost": rng.random() / 100,
            }
            for _ in range(400)
        ]
    )
    exact, f1 = find_metric(project, "exact-match"), find_metric(project, "token-f1")
    given = [scores.LogScore(log, exact, Verdict(float(rng.random() < 0.7))) for log in logs[:130]]
    given += [scores.LogScore(log, f1, Verdict(rng.random())) for log in logs[:130]]
    scores.record(project=project, scores=given)
    return logs


def raw(project: Project, answer: dict[str, Any], **narrow: str) -> list[tuple[Any, ...]]:
    """The same figures by plain SQL over the logs."""
    grain = {3600: "hour", 86400: "day"}[answer["step"]]
    values = {"project": project.pk, "prompt": "", "commit": "-", "grain": grain, **narrow}
    with connection.cursor() as cursor:
        cursor.execute(RAW, {**values, "since": answer["since"], "until": answer["until"]})
        return cursor.fetchall()


def shown(answer: dict[str, Any], series: dict[str, Any]) -> list[tuple[Any, ...]]:
    """A series in the shape of RAW, steps without requests left out."""
    columns = (
        "requests", "errors", "latency_mean", "latency_p50", "latency_p99", "input_tokens", "output_tokens", "cost",
    )  # fmt: skip
    times = [int(datetime.fromisoformat(str(time)).timestamp()) for time in answer["times"]]
    rows = zip(times, *(series[column] for column in columns), strict=True)
    return [row for row in rows if row[1]]


def assert_same(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> None:
    """Counts and sums equal; quantiles within a bucket."""
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    assert [row[6:8] for row in found] == [row[6:8] for row in expected]
    for row, true in zip(found, expected, strict=True):
        assert row[8] == pytest.approx(true[8], abs=1e-9)
        for column, tolerance in ((3, 1e-6), (4, 0.046), (5, 0.046)):
            assert row[column] == (None if true[column] is None else pytest.approx(true[column], rel=tolerance))


@pytest.fixture
def ask(api: Callable[..., APIClient], owner: User) -> Callable[..., dict[str, Any]]:
    """ask(days=3, prompt="triage") -> the dashboard's answer to the owner."""

    def get(days: float = 3, **parameters: str) -> dict[str, Any]:
        since = datetime.now(tz=UTC) - timedelta(days=days)
        answer = api(owner).get(URL, {"from": since.isoformat(), **parameters})
        assert answer.status_code == 200, answer.content
        return answer.json()

    return get


@pytest.mark.parametrize("days", [3, 30])
def test_requests_equal_the_logs(ask: Any, traffic: list[Log], project: Project, days: int) -> None:
    answer = ask(days)
    assert answer["step"] == (3600 if days == 3 else 86400)
    assert [series["kind"] for series in answer["series"]] == ["all"]
    assert_same(shown(answer, answer["series"][0]), raw(project, answer))
    whole = answer["series"][0]["whole"]
    assert (whole["requests"], whole["errors"]) == (400, sum(log.failed for log in traffic))
    assert whole["cost"] == pytest.approx(float(sum(log.cost or 0 for log in traffic)))
    assert whole["error_rate"] == pytest.approx(whole["errors"] / 400, abs=1e-6)


def test_each_commit_equals_its_logs(ask: Any, traffic: list[Log], project: Project) -> None:
    answer = ask(prompt="triage", group="commit")
    names = [(series["kind"], series["commit"]) for series in answer["series"]]
    assert names[0] == ("all", "")
    assert sorted(names[1:]) == [("commit", "aaa"), ("commit", "bbb"), ("commit", "ccc")]
    for series in answer["series"]:
        narrow = {"prompt": "triage", "commit": series["commit"] if series["kind"] == "commit" else "-"}
        assert_same(shown(answer, series), raw(project, answer, **narrow))


def test_rare_commits_are_pooled(ask: Any, put_logs: Put) -> None:
    put_logs(*[{"commit": f"c{n:02}"} for n in range(12) for _ in range(12 - n)])
    answer = ask(group="commit")
    assert [series["commit"] for series in answer["series"][1:-1]] == [f"c{n:02}" for n in range(8)]
    assert (answer["series"][-1]["kind"], answer["series"][-1]["whole"]["requests"]) == ("other", 4 + 3 + 2 + 1)
    assert sum(series["whole"]["requests"] for series in answer["series"][1:]) == 78


def test_scores_equal_the_scores(ask: Any, traffic: list[Log], project: Project) -> None:
    answer = ask(group="commit")
    assert [metric["metric"] for metric in answer["scores"]] == ["exact-match", "token-f1"]
    for metric in answer["scores"]:
        for series in metric["series"]:
            mine = [
                s for s in _values(project, metric["metric"]) if series["kind"] == "all" or s[1] == series["commit"]
            ]
            values = [value for _, _, value in mine]
            assert series["whole"]["n"] == len(values)
            assert series["whole"]["mean"] == pytest.approx(sum(values) / len(values), abs=1e-6)
            if metric["binary"]:
                expected = statistics.wilson(int(sum(values)), len(values))
                assert (series["whole"]["low"], series["whole"]["high"]) == pytest.approx(
                    (expected.low, expected.high), abs=1e-6
                )
            by_hour: dict[datetime, list[float]] = {}
            for moment, _, value in mine:
                by_hour.setdefault(moment.replace(minute=0, second=0, microsecond=0), []).append(value)
            for time, n, mean in zip(answer["times"], series["n"], series["mean"], strict=True):
                here = by_hour.get(datetime.fromisoformat(time), [])
                assert n == len(here)
                assert mean == (pytest.approx(sum(here) / len(here), abs=1e-6) if here else None)


def _values(project: Project, slug: str) -> list[tuple[datetime, str, float]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT log.started_at, log.commit, score.value FROM metrics_score AS score "
            "JOIN metrics_metric AS metric ON metric.id = score.metric_id "
            "JOIN logs_log AS log ON log.id::text = score.subject_id WHERE score.project_id = %s AND metric.slug = %s",
            [project.pk, slug],
        )
        return cursor.fetchall()


def test_deployments_are_marked(ask: Any, project: Project) -> None:
    for number, environment in enumerate(environments_of(project), 1):
        bundle = Bundle.objects.create(environment=environment, commit="a" * 40, hash="h", body=b"{}")
        Deployment.objects.create(
            project=project, environment=environment, number=number, commit="a" * 40, subject="Say it better",
            bundle=bundle, kind="deploy", actor_name="Olga",
        )  # fmt: skip
    assert [mark["environment"] for mark in ask()["deployments"]] == ["dev", "staging", "production"]
    (mark,) = ask(environment="production")["deployments"]
    assert (mark["number"], mark["subject"], mark["actor_name"]) == (3, "Say it better", "Olga")


def test_nothing_is_an_answer_too(ask: Any, project: Project) -> None:
    answer = ask(group="commit")
    (series,) = answer["series"]
    assert (series["whole"]["requests"], series["whole"]["latency_p50"], answer["scores"]) == (0, None, [])
    assert len(answer["times"]) == len(series["requests"])


@pytest.mark.parametrize(
    ("parameters", "where"),
    [({"group": "prompt"}, "group"), ({"from": "1999-01-01T00:00:00Z"}, "from"), ({"to": "x"}, "to")],
)
def test_a_bad_question_is_refused(api: Any, owner: User, project: Project, parameters: Any, where: str) -> None:
    answer = api(owner).get(URL, parameters)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (400, where)


def test_one_call_reads_no_logs(api: Any, owner: User, traffic: list[Log]) -> None:
    client = api(owner)
    with CaptureQueriesContext(connection) as queries:
        client.get(URL, {"group": "commit"})
    reads = [query["sql"] for query in queries]
    assert len(reads) == 6, reads  # session, person, project, role, metrics, deployments; the sums go past Django
    assert not any("logs_log " in sql or '"logs_log"' in sql for sql in reads)


def test_only_steps_that_were_written_to_are_read_again(
    ask: Any, traffic: list[Log], project: Project, put_logs: Put, monkeypatch: Any
) -> None:
    loaded: list[int] = []
    load = steps._load
    monkeypatch.setattr(steps, "_load", lambda *given: loaded.append(len(given[2])) or load(*given))
    steps.forget()
    first = ask(days=3, group="commit")
    assert loaded[0] > 40
    assert ask(days=3, group="commit")["series"] == first["series"]
    assert loaded[2:] == []
    put_logs({"ago": timedelta(hours=30), "latency_ms": 9000.0, "commit": "ddd"})  # late, into an hour that was known
    later = ask(days=3, group="commit")
    assert loaded[2:] == [1]
    assert_same(shown(later, later["series"][0]), raw(project, later))
    (new,) = (series for series in later["series"] if series["commit"] == "ddd")
    assert_same(shown(later, new), raw(project, later, commit="ddd"))


def test_a_score_that_is_replaced_is_seen(ask: Any, traffic: list[Log], project: Project) -> None:
    exact = find_metric(project, "exact-match")
    before = ask()["scores"][0]["series"][0]["whole"]["mean"]
    right = next(log for log in traffic[:130] if _value(project, log) == 1.0)
    scores.record(project=project, scores=[scores.LogScore(right, exact, Verdict(0.0))])
    assert ask()["scores"][0]["series"][0]["whole"]["mean"] == pytest.approx(before - 1 / 130, abs=2e-6)


def _value(project: Project, log: Log) -> float:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT score.value FROM metrics_score AS score JOIN metrics_metric AS metric ON metric.id = metric_id "
            "WHERE score.project_id = %s AND subject_id = %s AND metric.slug = 'exact-match'",
            [project.pk, str(log.id)],
        )
        return cursor.fetchone()[0]


def test_what_is_remembered_has_an_end(ask: Any, traffic: list[Log], monkeypatch: Any) -> None:
    monkeypatch.setattr(steps, "MOST_ROWS", 100)
    steps.forget()
    whole = [ask(days=3)["series"], ask(days=3, prompt="triage")["series"]]
    assert sum(steps._size(some.values()) for some in steps._remembered.values()) <= 100
    assert [ask(days=3)["series"], ask(days=3, prompt="triage")["series"]] == whole


def test_a_share_that_left_its_range_by_a_rounding_has_an_interval() -> None:
    found = dashboard._means(np.array([[10.0, 10.000000000000002, 10.0], [10.0, -1e-17, 0.0]]), binary=True)
    top, bottom = statistics.wilson(10, 10), statistics.wilson(0, 10)
    assert (found["mean"], found["high"][0], found["low"][1]) == ([1.0, 0.0], 1.0, 0.0)
    assert found["low"][0] == pytest.approx(top.low, abs=1e-6)
    assert found["high"][1] == pytest.approx(bottom.high, abs=1e-6)
