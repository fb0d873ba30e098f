"""Rules and alerts over HTTP: roles, refusals, versions, preview."""

import pytest

from monitoring.alerts.models import Alert, AlertRule
from variorum.events.models import Event

BASE = "/api/v1/projects/support-desk"
RULES = f"{BASE}/alert-rules"
GOOD = {"name": "Errors", "kind": "errors", "threshold": 0.05, "environment": "production"}


def test_a_rule_is_made_read_changed_and_deleted(project, owner, api, inbox):
    client = api(owner)
    made = client.post(RULES, {**GOOD, "channels": [inbox.pk]})
    assert made.status_code == 201
    rule = made.json()
    assert (rule["condition"], rule["state"], rule["channels"]) == ("error rate above 5 %", "ok", [inbox.pk])
    assert (rule["window_minutes"], rule["minimum_n"], rule["consecutive"], rule["sure"]) == (15, 20, 2, True)
    one = f"{RULES}/{rule['id']}"
    changed = client.patch(one, {"version": 1, "threshold": 0.2}).json()
    assert (changed["version"], changed["threshold"], changed["channels"]) == (2, 0.2, [inbox.pk])
    stale = client.patch(one, {"version": 1, "threshold": 0.3})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
    assert (stale.json()["current"]["version"], stale.json()["current"]["threshold"]) == (2, 0.2)
    assert client.get(one).json()["threshold"] == 0.2
    assert [r["id"] for r in client.get(RULES).json()["items"]] == [rule["id"]]
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
    kinds = Event.objects.filter(subject_kind="alert_rule").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["alert_rule.created", "alert_rule.updated", "alert_rule.deleted"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"threshold": 5}, "threshold"),
        ({"threshold": -0.1}, "threshold"),
        ({"threshold": "inf"}, "threshold"),
        ({"threshold": "nan"}, "threshold"),
        ({"threshold": None}, "threshold"),
        ({"kind": "mood"}, "kind"),
        ({"kind": "score"}, "metric"),
        ({"kind": "score", "metric": "vanished"}, "metric"),
        ({"kind": "latency", "threshold": 0}, "threshold"),
        ({"kind": "latency", "threshold": 10, "quantile": 0.42}, "quantile"),
        ({"kind": "traffic", "threshold": 0}, "threshold"),
        ({"window_minutes": 0}, "window_minutes"),
        ({"window_minutes": 1441}, "window_minutes"),
        ({"minimum_n": 0}, "minimum_n"),
        ({"consecutive": 61}, "consecutive"),
        ({"channels": [2**62]}, "channels"),
        ({"channels": ["x"]}, "channels.0"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_be_watched_is_refused_by_field(project, owner, api, change, where):
    for address in (RULES, f"{RULES}/preview"):
        answer = api(owner).post(address, {**GOOD, **change})
        if where == "channels" and address.endswith("preview"):
            continue
        assert (answer.status_code, answer.json()["errors"][0]["where"]) == (400, where)
    assert AlertRule.objects.count() == 0


def test_names_are_taken_once_and_other_projects_channels_are_not_ours(project, owner, stranger, api, inbox):
    from variorum.accounts.services import create_project

    client = api(owner)
    assert client.post(RULES, GOOD).status_code == 201
    assert client.post(RULES, GOOD).json()["code"] == "name_taken"
    create_project(owner=stranger, name="Elsewhere", slug="elsewhere")
    there = api(stranger).post("/api/v1/projects/elsewhere/alert-rules", {**GOOD, "channels": [inbox.pk]})
    assert (there.status_code, there.json()["errors"][0]["where"]) == (400, "channels")


def test_roles(project, member, stranger, api, make_rule, put_logs, tick, make_key):
    rule = make_rule()
    put_logs(100, failed=90)
    tick()
    one = f"{RULES}/{rule.pk}"
    clients = {role: api(member(role)) for role in ("viewer", "editor", "maintainer")}
    clients["stranger"], clients["nobody"] = api(stranger), api()
    clients["read key"], clients["admin key"] = api(key=make_key("read")), api(key=make_key("admin"))

    def statuses(method, address, body=None):
        return {name: getattr(client, method)(address, body).status_code for name, client in clients.items()}

    out = {"stranger": 404, "nobody": 401}
    readers = dict.fromkeys(("viewer", "editor", "maintainer", "read key", "admin key"), 200)
    for address in (RULES, one, f"{BASE}/alerts", f"{BASE}/alerts/1"):
        assert statuses("get", address) == {**readers, **out}
    low = dict.fromkeys(("viewer", "editor", "read key"), 403)
    high = {"maintainer", "admin key"}
    assert statuses("post", f"{one}/silence", {"minutes": 60}) == {**low, **dict.fromkeys(high, 200), **out}
    assert statuses("post", f"{RULES}/preview", GOOD) == {**low, **dict.fromkeys(high, 200), **out}
    assert statuses("post", RULES, {}) == {**low, **dict.fromkeys(high, 400), **out}
    assert statuses("patch", one, {}) == {**low, **dict.fromkeys(high, 400), **out}
    acknowledged = statuses("post", f"{BASE}/alerts/1/acknowledge")
    assert acknowledged == {**readers, "viewer": 403, "read key": 403, **out}


def test_the_first_acknowledgement_counts(project, owner, member, api, make_rule, put_logs, tick):
    make_rule(name="Errors")
    put_logs(100, failed=90)
    tick()
    editor = api(member("editor"))
    first = editor.post(f"{BASE}/alerts/1/acknowledge").json()
    assert (first["acknowledged_name"], first["acknowledged_at"] is not None) == ("Editor-Person", True)
    assert api(owner).post(f"{BASE}/alerts/1/acknowledge").json() == first
    assert Event.objects.filter(kind="alert.acknowledged").count() == 1


def test_alerts_are_listed_by_state_newest_first(project, owner, api, make_rule, put_logs, tick):
    make_rule(name="One")
    make_rule(name="Two", prompt="triage")
    put_logs(100, failed=90)
    tick()
    AlertRule.objects.get(name="One").delete()
    Alert.objects.filter(rule_name="One").update(
        state="resolved", resolution="changed", resolved_at="2026-01-01T00:00Z"
    )
    client = api(owner)
    assert {a["rule_name"] for a in client.get(f"{BASE}/alerts").json()["items"]} == {"One", "Two"}
    firing = client.get(f"{BASE}/alerts?state=firing").json()["items"]
    assert [(a["rule_name"], a["figures"]["value"], a["silenced_until"]) for a in firing] == [("Two", 0.9, None)]
    page = client.get(f"{BASE}/alerts?limit=1").json()
    rest = client.get(f"{BASE}/alerts?limit=1&cursor={page['next']}").json()
    assert [a["number"] for a in page["items"] + rest["items"]] == [2, 1]
    gone = client.get(f"{BASE}/alerts?state=resolved").json()["items"][0]
    assert (gone["rule"], gone["silenced_until"]) == (None, None)
    assert client.get(f"{BASE}/alerts?state=loud").json()["errors"][0]["where"] == "state"
    assert client.get(f"{BASE}/alerts/99").status_code == 404
    assert client.get(f"{RULES}/{2**70}").status_code == 404


def test_lists_cost_the_same_for_one_and_for_many(
    project, owner, api, make_rule, put_logs, tick, django_assert_num_queries, inbox
):
    client = api(owner)

    def made(count):
        for _ in range(count):
            make_rule()
        put_logs(30, failed=30)
        tick()

    made(1)
    for _ in range(2):
        with django_assert_num_queries(6):  # session, person, project, membership, rules, channels
            assert client.get(RULES).status_code == 200
        with django_assert_num_queries(5):  # session, person, project, membership, alerts
            assert client.get(f"{BASE}/alerts").status_code == 200
        made(3)


def test_the_preview_says_what_it_would_be_now_and_stores_nothing(project, owner, api, put_logs):
    put_logs(100, failed=40)
    client = api(owner)
    found = client.post(f"{RULES}/preview", GOOD).json()
    assert (found["value"], found["n"], found["fires"], found["standing"]) == (0.4, 100, True, "beyond")
    assert (found["method"], found["condition"]) == ("Wilson score", "error rate above 5 %")
    few = client.post(f"{RULES}/preview", {**GOOD, "minimum_n": 101}).json()
    assert (few["fires"], few["standing"]) == (False, "few")
    none = client.post(f"{RULES}/preview", {**GOOD, "kind": "score", "metric": "exact-match"}).json()
    assert (none["value"], none["n"], none["standing"]) == (None, 0, "none")
    assert (AlertRule.objects.count(), Alert.objects.count()) == (0, 0)


def test_silence_is_set_and_ended(project, owner, api, make_rule):
    rule = make_rule()
    client = api(owner)
    assert client.post(f"{RULES}/{rule.pk}/silence", {"minutes": 60}).json()["silenced_until"] is not None
    assert client.post(f"{RULES}/{rule.pk}/silence", {"minutes": 0}).json()["silenced_until"] is None
    assert client.post(f"{RULES}/{rule.pk}/silence", {"minutes": 10**6}).json()["errors"][0]["where"] == "minutes"
    assert AlertRule.objects.get().version == 1
