"""Lists, filters, histograms and single logs over HTTP."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from evals.metrics.queries import find_metric
from evals.metrics.verdicts import Verdict
from monitoring.logs import scores, search
from monitoring.logs.models import Log, LogHour, ScoreHour
from monitoring.logs.queries import step_of
from variorum.accounts.models import Project, User
from variorum.accounts.services import create_project

BASE = "/api/v1/projects/support-desk/logs"
Put = Callable[..., list[Log]]


@pytest.fixture
def client(api: Callable[..., APIClient], owner: User, project: Project) -> APIClient:
    """The owner, signed in."""
    return api(owner)


def ids(answer: Any) -> list[str]:
    """The ids of a page."""
    assert answer.status_code == 200, answer.content
    return [item["id"] for item in answer.json()["items"]]


def test_pages_go_back_in_time_without_gaps(client: APIClient, put_logs: Put) -> None:
    logs = put_logs(*[{"ago": timedelta(minutes=n // 3)} for n in range(25)])
    expected = [str(log.id) for log in sorted(logs, key=lambda log: (log.started_at, log.id), reverse=True)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = client.get(BASE, {"limit": 4, "cursor": cursor})
        seen += ids(page)
        put_logs({"ago": timedelta(seconds=1)})  # new ones do not disturb
        cursor = page.json()["next"]
        if cursor is None:
            break
    assert seen == expected


def test_each_filter_narrows(client: APIClient, put_logs: Put) -> None:
    one, two = put_logs(
        {
            "prompt": "triage", "commit": "a" * 40, "model": "local/x", "latency_ms": 10, "tags": ["vip", "de"],
            "user": "u1", "session": "s1", "variant": "beta/new", "output": "The refund is on its way",
            "input": "Wo ist mein Geld?",
        },
        {
            "prompt": "reply", "commit": "b" * 40, "model": "local/y", "latency_ms": 900, "error": "Timeout",
            "environment": "staging", "metadata": {"note": "100% \"sure\"\n"},
        },
    )  # fmt: skip
    first, second = [str(one.id)], [str(two.id)]
    for parameters, wanted in [
        ({"prompt": "triage"}, first),
        ({"environment": "staging"}, second),
        ({"commit": "aaaa"}, first),
        ({"model": "local/y"}, second),
        ({"status": "error"}, second),
        ({"status": "ok"}, first),
        ({"latency_above": "100"}, second),
        ({"latency_below": "100"}, first),
        ({"tag": "vip"}, first),
        ({"user": "u1"}, first),
        ({"session": "s1"}, first),
        ({"variant": "beta/new"}, first),
        ({"text": "REFUND"}, first),
        ({"text": "mein geld"}, first),
        ({"text": "timeout"}, second),
        ({"text": '100% "sure"\n'}, second),
        ({"text": "input"}, []),  # a member's name is no text
        ({"text": "absent"}, []),
        ({"prompt": "triage", "status": "error"}, []),
        ({"from": (datetime.now(tz=UTC) + timedelta(minutes=5)).isoformat()}, []),
        ({"to": (datetime.now(tz=UTC) - timedelta(minutes=5)).isoformat()}, []),
    ]:
        assert ids(client.get(BASE, parameters)) == wanted, parameters


def test_a_line_says_what_was_asked_and_answered(client: APIClient, put_logs: Put) -> None:
    messages = [{"role": "system", "content": "S"}, {"role": "user", "content": "Hi\n  there"}]
    put_logs(
        {"input": {"messages": messages}, "ago": timedelta(5)},
        {"input": {"variables": {"text": "Only one"}}, "output": {"label": "x"}, "ago": timedelta(4)},
        {"input": "plain", "error": "boom", "ago": timedelta(3)},
        {"output": "y" * 500, "ago": timedelta(2)},
    )  # fmt: skip
    lines = client.get(BASE).json()["items"]
    assert [(line["asked"], line["answered"]) for line in lines] == [
        ("", "y" * 159 + "…"),
        ("plain", "boom"),
        ("Only one", '{"label": "x"}'),
        ("Hi there", ""),
    ]
    assert [line["status"] for line in lines] == ["ok", "error", "ok", "ok"]


def test_one_log_has_everything(client: APIClient, put_logs: Put, project: Project) -> None:
    (log,) = put_logs({"input": "q", "output": "a", "reference": "a", "metadata": {"k": 1}, "cost": 0.5, "tags": ["t"]})
    metric = find_metric(project, "exact-match")
    scores.record(project=project, scores=[scores.LogScore(log, metric, Verdict(1.0, "pass"))])
    whole = client.get(f"{BASE}/{log.id}").json()
    assert (whole["input"], whole["output"], whole["reference"]) == ({"text": "q"}, "a", "a")
    assert (whole["metadata"], whole["error"], whole["cost"], whole["tags"]) == ({"k": 1}, None, 0.5, ["t"])
    assert [(s["metric"], s["value"], s["label"]) for s in whole["scores"]] == [("exact-match", 1.0, "pass")]


def test_a_log_without_a_time_in_its_id_is_found(client: APIClient, put_logs: Put) -> None:
    (log,) = put_logs({"id": str(uuid.uuid4()), "ago": timedelta(days=3)})
    assert client.get(f"{BASE}/{log.id}").json()["id"] == str(log.id)
    assert client.get(f"{BASE}/{uuid.uuid4()}").status_code == 404
    assert client.get(f"{BASE}/01890000-0000-7000-8000-000000000000").status_code == 404


def test_scores_filter_and_show(client: APIClient, put_logs: Put, project: Project) -> None:
    low, high, _none = put_logs({}, {}, {})
    metric = find_metric(project, "token-f1")
    given = [scores.LogScore(low, metric, Verdict(0.2)), scores.LogScore(high, metric, Verdict(0.9))]
    scores.record(project=project, scores=given)
    assert ids(client.get(BASE, {"score": "token-f1", "score_below": "0.5"})) == [str(low.id)]
    assert ids(client.get(BASE, {"score": "token-f1", "score_above": "0.5"})) == [str(high.id)]
    assert len(ids(client.get(BASE, {"score": "token-f1"}))) == 2
    assert ids(client.get(BASE, {"score": "exact-match"})) == []
    shown = {line["id"]: [s["value"] for s in line["scores"]] for line in client.get(BASE).json()["items"]}
    assert (shown[str(low.id)], shown[str(high.id)]) == ([0.2], [0.9])


@pytest.mark.parametrize(
    ("parameters", "where"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-01-01T00:00:00"}, "to"),
        ({"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"),
        ({"from": "0001-01-01T00:00:00+23:00"}, "from"),
        ({"status": "bad"}, "status"),
        ({"latency_above": "fast"}, "latency_above"),
        ({"latency_above": "nan"}, "latency_above"),
        ({"score_below": "0.5"}, "score_below"),
        ({"text": "x" * 501}, "text"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "WzEsMl0"}, "cursor"),
        ({"limit": "0"}, "limit"),
    ],
)
def test_a_bad_parameter_is_named(client: APIClient, parameters: dict[str, str], where: str) -> None:
    answer = client.get(BASE, parameters)
    assert answer.status_code == 400
    assert [error["where"] for error in answer.json()["errors"]] == [where]


def test_a_text_search_goes_on_where_time_was_up(
    client: APIClient, put_logs: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    needles = put_logs(
        *[{"output": "needle" if n % 40 == 0 else "hay", "ago": timedelta(seconds=n)} for n in range(100)]
    )
    monkeypatch.setattr(search, "SECONDS", 0.0)
    monkeypatch.setattr(search, "STEP", 16)
    seen: list[str] = []
    page = client.get(BASE, {"text": "needle"}).json()
    pages = 1
    while page["next"]:
        assert page["searched_to"]
        seen += [line["id"] for line in page["items"]]
        page = client.get(BASE, {"text": "needle", "cursor": page["next"]}).json()
        pages += 1
    seen += [line["id"] for line in page["items"]]
    assert seen == [str(needles[n].id) for n in (0, 40, 80)]
    assert pages == 7


@pytest.mark.parametrize("width", ["minutes=5", "hours=1", "hours=7", "days=2", "days=20"])
@pytest.mark.parametrize("status", ["", "error", "ok"])
def test_bars_sum_to_the_logs(client: APIClient, put_logs: Put, width: str, status: str) -> None:
    name, _, number = width.partition("=")
    span = timedelta(**{name: int(number)})
    put_logs(*[{"ago": span * n / 50, "error": "x" if n % 4 == 0 else None} for n in range(1, 40)])
    since = datetime.now(tz=UTC) - span
    bars = client.get(f"{BASE}/histogram", {"from": since.isoformat(), "status": status}).json()
    assert bars["step"] == step_of(since, datetime.now(tz=UTC) + timedelta(hours=2))
    counted = (sum(bar["ok"] for bar in bars["items"]), sum(bar["errors"] for bar in bars["items"]))
    assert counted == (0 if status == "error" else 30, 0 if status == "ok" else 9)
    moments = [datetime.fromisoformat(bar["at"]) for bar in bars["items"]]
    assert moments == sorted(moments)
    assert all(moment.timestamp() % bars["step"] == 0 for moment in moments)


def test_a_histogram_reads_hours_when_it_can(client: APIClient, put_logs: Put, project: Project) -> None:
    put_logs({"prompt": "triage", "commit": "abc"}, {"prompt": "reply", "latency_ms": 5})
    LogHour.objects.filter(project=project).update(requests=7)
    since = (datetime.now(tz=UTC) - timedelta(days=3)).isoformat()
    of_hours = client.get(f"{BASE}/histogram", {"from": since, "prompt": "triage", "commit": "ab"}).json()
    assert [bar["ok"] for bar in of_hours["items"]] == [7]
    of_logs = client.get(f"{BASE}/histogram", {"from": since, "latency_above": "1"}).json()
    assert [bar["ok"] for bar in of_logs["items"]] == [1]


def test_facets_name_what_occurs(client: APIClient, put_logs: Put) -> None:
    put_logs({"prompt": "triage"}, {"prompt": "triage"}, {"prompt": "reply"}, {})
    found = client.get(f"{BASE}/facets").json()
    assert found["prompt"] == [{"value": "triage", "count": 2}, {"value": "reply", "count": 1}]
    assert found["environment"] == [{"value": "production", "count": 4}]
    assert found["model"] == []


def test_feedback_is_a_score(api: Any, make_key: Any, client: APIClient, put_logs: Put, project: Project) -> None:
    (log,) = put_logs({"prompt": "triage", "commit": "c1"})
    app = api(key=make_key("logs"))
    url = f"/api/v1/logs/{log.id}/feedback"
    assert app.post(url, {"value": 1, "user": "u1"}).status_code == 204
    assert app.post(url, {"value": 0, "comment": "Wrong team", "user": "u1"}).status_code == 204
    assert app.post(url, {"value": 0.75}).status_code == 204
    shown = client.get(f"{BASE}/{log.id}").json()["scores"]
    assert [(s["metric"], s["author"], s["value"], s["label"], s["reason"]) for s in shown] == [
        ("user-feedback", "user", 0.75, "good", ""),
        ("user-feedback", "user:u1", 0.0, "bad", "Wrong team"),
    ]
    hour = ScoreHour.objects.get(project=project)
    assert (hour.n, hour.total, hour.squares, hour.passes, hour.commit) == (2, 0.75, 0.5625, 1, "c1")
    assert app.post(url, {"value": 2}).status_code == 400
    assert app.post(f"/api/v1/logs/{uuid.uuid4()}/feedback", {"value": 1}).status_code == 404
    assert api(key=make_key("read")).post(url, {"value": 1}).status_code == 403


def test_the_score_rollup_follows_every_change(put_logs: Put, project: Project) -> None:
    logs = put_logs(*[{"prompt": "p", "commit": "c"} for _ in range(3)])
    metric = find_metric(project, "exact-match")

    def give(*values: float | None) -> tuple[Any, ...]:
        verdicts = [Verdict(value, problem="" if value is not None else "provider") for value in values]
        pairs = zip(logs, verdicts, strict=False)
        scores.record(project=project, scores=[scores.LogScore(log, metric, verdict) for log, verdict in pairs])
        return ScoreHour.objects.values_list("n", "total", "squares", "passes").get(project=project)

    assert give(1.0, 0.0, 0.5) == (3, 1.5, 1.25, 2)
    assert give(1.0, 0.0, 0.5) == (3, 1.5, 1.25, 2)
    assert give(0.0, None) == (2, 0.5, 0.25, 1)
    assert give(0.0, 1.0) == (3, 1.5, 1.25, 2)


def test_logs_of_another_project_are_not_there(
    api: Any, make_user: Any, put_logs: Put, stranger: User, project: Any
) -> None:
    (log,) = put_logs({"output": "secret"})
    other = create_project(owner=stranger, name="Other", slug="other")
    put_logs({"id": str(log.id), "output": "theirs"}, into=other)  # apps choose ids; the same one is another log
    client = api(stranger)
    assert client.get(f"{BASE}/{log.id}").status_code == 404
    page = client.get("/api/v1/projects/other/logs").json()["items"]
    assert [line["answered"] for line in page] == ["theirs"]
    metric = find_metric(project, "exact-match")
    theirs = Log.objects.get(project=other, id=log.id)
    scores.record(project=project, scores=[scores.LogScore(log, metric, Verdict(1.0))])
    scores.record(project=other, scores=[scores.LogScore(theirs, metric, Verdict(0.0))])
    assert client.get(f"/api/v1/projects/other/logs/{log.id}").json()["scores"][0]["value"] == 0.0
    assert ScoreHour.objects.get(project=project).total == 1


def test_a_page_takes_few_queries(client: APIClient, put_logs: Put) -> None:
    put_logs(*[{"output": "x"} for _ in range(100)])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(ids(client.get(BASE, {"limit": 100}))) == 100
    reads = [q["sql"] for q in queries if q["sql"].startswith("SELECT")]
    assert len(reads) == 7, reads  # session, person, project, role, logs, texts, scores
