"""Metrics over HTTP: built-in ones, one's own, versions, trials, roles; and recording scores."""

import pytest

from evals.metrics import queries, services
from evals.metrics.models import Metric, Score
from evals.metrics.scoring import score_output
from evals.metrics.services import NewScore, record_scores
from evals.metrics.verdicts import Verdict
from tests.fakes.openai_server import Fault
from variorum.events.models import Event
from variorum.inference.services import create_provider

BASE = "/api/v1/projects/support-desk"
JUDGE = {"name": "Politeness", "kind": "judge", "config": {"model": "fake/judge", "rubric": "Is {{output}} polite?"}}


@pytest.fixture
def fake(project, actor, fake_openai):
    catalogue = [{"id": "judge", "input_price": "1", "output_price": "2"}]
    create_provider(
        project=project,
        actor=actor,
        slug="fake",
        name="Fake",
        base_url=fake_openai.base_url,
        key="",
        catalogue=catalogue,
    )
    return fake_openai


def test_built_in_metrics_are_in_every_project(project, owner, api):
    items = api(owner).get(f"{BASE}/metrics").json()["items"]
    assert [m["slug"] for m in items] == [
        "contains", "exact-match", "json-valid", "label-valid", "length-range", "token-f1",
    ]  # fmt: skip
    assert {(m["version"], m["built_in"]) for m in items} == {(1, True)}
    services.put_built_ins()
    assert Metric.objects.exclude(kind="human").count() == 6
    changed = api(owner).patch(f"{BASE}/metrics/exact-match", {"version": 1, "name": "Mine"})
    assert (changed.status_code, changed.json()["code"]) == (403, "built_in")
    taken = api(owner).post(f"{BASE}/metrics", {"name": "Exact match", "kind": "code", "function": "exact_match"})
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")


def test_a_changed_default_is_a_new_version(project):
    Metric.objects.filter(slug="exact-match").update(config={"old": True})
    services.put_built_ins()
    assert [(m.version, m.current) for m in Metric.objects.filter(slug="exact-match").order_by("version")] == [
        (1, False),
        (2, True),
    ]


def test_editing_makes_versions(project, owner, api):
    client = api(owner)
    made = client.post(
        f"{BASE}/metrics",
        {"name": "Ticket id", "slug": "", "kind": "code", "function": "regex", "config": {"pattern": r"#\d+"}},
    )
    assert (made.status_code, made.json()["slug"], made.json()["config"]["whole"]) == (201, "ticket-id", False)
    url = f"{BASE}/metrics/ticket-id"
    renamed = client.patch(url, {"version": 1, "name": "Ticket"}).json()
    assert (renamed["name"], renamed["version"]) == ("Ticket", 1)
    second = client.patch(url, {"version": 1, "config": {"pattern": "T-\\d+"}}).json()
    assert (second["version"], second["config"]["pattern"]) == (2, "T-\\d+")
    stale = client.patch(url, {"version": 1, "config": {"pattern": "x"}})
    assert (stale.status_code, stale.json()["code"], stale.json()["config"]["pattern"]) == (
        409,
        "stale_version",
        "T-\\d+",
    )
    assert [m["version"] for m in client.get(f"{url}/versions").json()["items"]] == [2, 1]
    assert client.patch(url, {"version": 2, "config": {"pattern": "("}}).status_code == 400
    assert client.delete(url).status_code == 204
    assert "ticket-id" not in [m["slug"] for m in client.get(f"{BASE}/metrics").json()["items"]]
    kinds = list(Event.objects.filter(kind__startswith="metric.").order_by("id").values_list("kind", flat=True))
    assert kinds == ["metric.created", "metric.updated", "metric.version_added", "metric.archived"]


@pytest.mark.parametrize("body", [
    {"name": "x", "kind": "code"}, {"name": "x", "kind": "code", "function": "nope"}, {"name": "x", "kind": "guess"},
    {"name": "x", "kind": "judge", "config": {"model": "nomodel", "rubric": "Is {{output}} polite?"}},
    {"name": "x", "kind": "judge", "function": "regex", "config": JUDGE["config"]},
    {"kind": "code", "function": "contains"},
    {"name": "x", "kind": "judge", "config": {"model": "a/b", "rubric": "too {{output}} {{#if}}"}},
    {"name": "x", "kind": "code", "function": "contains", "config": []},
])  # fmt: skip
def test_bad_metrics_are_refused(project, owner, api, body):
    answer = api(owner).post(f"{BASE}/metrics", body)
    assert (answer.status_code, answer.json()["status"]) == (400, 400), answer.json()
    assert answer.json()["errors"][0]["where"]


@pytest.mark.parametrize(("role", "statuses"), [
    ("viewer", [200, 403, 200, 403, 403, 200, 200, 403]), ("editor", [200, 201, 200, 200, 204, 200, 200, 200]),
    ("stranger", [404] * 8), (None, [401] * 8),
])  # fmt: skip
def test_roles(project, actor, member, stranger, api, role, statuses):
    fields = {"kind": "code", "function": "contains", "config": {"text": "a"}}
    services.create_metric(project=project, actor=actor, name="Mine", **fields)
    client = api() if role is None else api(stranger) if role == "stranger" else api(member(role))
    calls = [
        client.get(f"{BASE}/metrics"),
        client.post(f"{BASE}/metrics", {"name": "New", **fields}),
        client.get(f"{BASE}/metrics/exact-match"),
        client.patch(f"{BASE}/metrics/mine", {"version": 1, "name": "Other"}),
        client.delete(f"{BASE}/metrics/mine"),
        client.get(f"{BASE}/metric-functions"),
        client.get(f"{BASE}/scores", {"subject_kind": "log", "subject_id": "1"}),
        client.post(f"{BASE}/metric-trials", {**fields, "output": "a"}),
    ]
    assert [answer.status_code for answer in calls] == statuses


def test_a_judge_is_asked_at_temperature_0_and_its_cost_is_known(project, owner, api, fake):
    fake.answer = '{"reason": "Kind words.", "score": 4}'
    answer = api(owner).post(f"{BASE}/metric-trials", {**JUDGE, "output": "Dear Sir", "input": {"text": "Hi"}}).json()
    assert (answer["value"], answer["label"], answer["reason"], answer["problem"]) == (
        0.75,
        "4 of 5",
        "Kind words.",
        "",
    )
    assert (answer["output_tokens"], answer["cost"]) == (5, pytest.approx((answer["input_tokens"] + 10) / 1e6))
    call = fake.chats[0]
    assert (call.body["temperature"], call.body["max_tokens"], call.body["model"]) == (0, 400, "judge")
    assert "Dear Sir" in call.user
    assert not Score.objects.exists()


def test_a_judge_waits_and_fails_without_a_zero(project, actor, fake):
    metric = services.create_metric(project=project, actor=actor, **JUDGE)
    fake.script(Fault.status(500), Fault.rate_limited("0.01"), Fault.garbage(), '{"score": 5}')
    assert score_output(metric, input={}, output="x").value == 1
    fake.script(Fault.status(400))
    refused = score_output(metric, input={}, output="x")
    assert (refused.value, refused.problem) == (None, "provider")
    fake.answer = "I would rather not."
    unread = score_output(metric, input={}, output="x")
    assert (unread.value, unread.problem, unread.output_tokens) == (None, "unparseable", 4)
    services.change_metric(
        metric=metric, actor=actor, seen=1, changes={"config": {**JUDGE["config"], "model": "gone/x"}}
    )
    assert score_output(queries.find_metric(project, "politeness"), input={}, output="x").problem == "provider"


def test_scoring_twice_is_harmless_and_versions_are_kept_apart(project, actor):
    metric = services.create_metric(
        project=project, actor=actor, name="M", kind="code", function="contains", config={"text": "a"}
    )
    for value in (0.0, 1.0):
        new = [NewScore("log", str(n), metric, Verdict(value, reason="half \ud800 and \x00")) for n in (1, 2, 2)]
        assert record_scores(project=project, scores=new) == 2
    assert list(Score.objects.values_list("subject_id", "value").order_by("subject_id")) == [("1", 1.0), ("2", 1.0)]
    second = services.change_metric(metric=metric, actor=actor, seen=1, changes={"config": {"text": "b"}})
    failed = Verdict(None, reason="no answer", problem="provider")
    record_scores(
        project=project,
        scores=[NewScore("log", "1", second, failed), NewScore("log", "1", second, Verdict(1), author="7")],
    )
    found = queries.scores_of(project, "log", ["1"])
    assert [(s.metric.version, s.author, s.value) for s in found] == [
        (1, "metric", 1.0),
        (2, "7", 1.0),
        (2, "metric", None),
    ]


def test_scores_are_read_in_two_queries(project, actor, owner, api, django_assert_num_queries):
    metrics = queries.find_metrics(project, ["exact-match", "token-f1"])
    record_scores(project=project, scores=[NewScore("log", "9", m, Verdict(0.5)) for m in metrics])
    client = api(owner)
    client.get(f"{BASE}/metrics")
    with django_assert_num_queries(5):  # session, person, project, membership, scores with metrics
        items = client.get(f"{BASE}/scores", {"subject_kind": "log", "subject_id": "9"}).json()["items"]
    assert [(s["metric"], s["version"], s["value"]) for s in items] == [("exact-match", 1, 0.5), ("token-f1", 1, 0.5)]
