"""Suites over HTTP: roles, bad input, plans, staleness, query counts."""

import pytest

from evals.runs.models import Suite
from evals.runs.services import change_suite, start_evaluation
from tests.evals.runs.conftest import PATH, RULES
from variorum.events.models import Event

BASE = "/api/v1/projects/support-desk"
NEW = {"name": "Second", "dataset": "messages", "prompt_path": PATH, "metrics": ["exact-match"], "rules": RULES}


def test_made_changed_archived(owner, api, suite):
    client = api(owner)
    made = client.post(f"{BASE}/suites", {**NEW, "slug": "", "subset": {"per_label": 5}, "pinned": 1}).json()
    assert (made["slug"], made["check_name"], made["pinned"], made["version"]) == ("second", "evaluation: second", 1, 1)
    assert made["rules"] == [{"kind": "not_worse", "metric": "exact-match", "margin": 0.05}]
    url = f"{BASE}/suites/second"
    changed = client.patch(
        url, {"version": 1, "pinned": None, "rules": [{"kind": "at_least", "metric": "macro-f1", "value": 0.5}]}
    )
    assert (changed.json()["version"], changed.json()["pinned"]) == (2, None)
    stale = client.patch(url, {"version": 1, "name": "Mine"})
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (409, "stale_version", 2)
    assert client.post(f"{BASE}/suites", NEW).json()["code"] == "slug_taken"
    assert client.delete(url).status_code == 204
    assert [s["slug"] for s in client.get(f"{BASE}/suites").json()["items"]] == ["triage-quality"]
    assert client.post(f"{url}/evaluations", {}).json()["code"] == "archived"
    kinds = list(Event.objects.filter(subject_id="second").order_by("id").values_list("kind", flat=True))
    assert kinds == ["suite.created", "suite.updated", "suite.archived"]


@pytest.mark.parametrize(("change", "status"), [
    ({"dataset": "nope"}, 404), ({"pinned": 7}, 404), ({"metrics": ["nope"]}, 404), ({"metrics": []}, 400),
    ({"name": ""}, 400),
    ({"prompt_path": "configs/a.yaml"}, 400), ({"rules": [{"kind": "at_least", "metric": "exact-match"}]}, 400),
    ({"rules": [{"kind": "not_worse", "metric": "token-f1", "margin": 0.1}]}, 400), ({"concurrency": 0}, 400),
    ({"rules": [{"kind": "not_worse", "metric": "exact-match", "margin": 2}]}, 400),
    ({"subset": {"per_label": 0}}, 400),
    ({"mapping": {"message": 5}}, 201), ({"mapping": []}, 400), ({"rules": "x"}, 400),
])  # fmt: skip
def test_bad_suites_are_refused(owner, api, suite, change, status):
    answer = api(owner).post(f"{BASE}/suites", {**NEW, **change})
    assert answer.status_code == status, answer.json()
    assert Suite.objects.count() == (2 if status == 201 else 1)


def test_the_plan_says_what_will_happen(owner, api, actor, suite, main):
    client, url = api(owner), f"{BASE}/suites/triage-quality/plan"
    plan = client.get(url).json()
    assert (plan["commit"], plan["model"], plan["rows"], plan["calls"]) == (main, "fake/small", 200, 200)
    assert (plan["mapping"], plan["variables"], plan["dataset_version"]) == ({"message": "text"}, ["message"], 1)
    change_suite(suite=suite, actor=actor, seen=1, changes={"mapping": {"message": "body"}})
    wrong = client.get(url)
    assert (wrong.status_code, wrong.json()["errors"][0]["where"]) == (400, "mapping.message")
    assert client.get(url, {"ref": "nowhere"}).status_code == 404
    assert client.get(url, {"draft": 9}).status_code == 404
    assert client.get(url, {"draft": 1, "commit": main}).status_code == 400
    assert client.get(url, {"commit": "zzz"}).status_code == 400


@pytest.mark.parametrize(("subset", "text"), [({"labels": ["unknown"]}, "leaves no row")])
def test_an_empty_subset_cannot_run(owner, api, actor, suite, subset, text):
    change_suite(suite=suite, actor=actor, seen=1, changes={"subset": subset})
    answer = api(owner).post(f"{BASE}/suites/triage-quality/evaluations", {})
    assert (answer.status_code, text in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize(("role", "statuses"), [
    ("viewer", [200, 403, 200, 403, 403, 200, 403, 200, 200, 200, 200, 404]),
    ("editor", [200, 201, 200, 200, 204, 200, 201, 200, 200, 200, 200, 404]),
    ("stranger", [404] * 12), (None, [401] * 12),
])  # fmt: skip
def test_roles(member, stranger, api, actor, suite, role, statuses):
    number = start_evaluation(suite=suite, actor=actor).number
    client = api() if role is None else api(stranger) if role == "stranger" else api(member(role))
    one, evaluation = f"{BASE}/suites/triage-quality", f"{BASE}/evaluations/{number}"
    calls = [
        client.get(f"{BASE}/suites"),
        client.post(f"{BASE}/suites", NEW),
        client.get(one),
        client.patch(one, {"version": 1, "name": "Other"}),
        client.delete(f"{BASE}/suites/second") if role == "editor" else client.delete(one),
        client.get(f"{one}/plan"),
        client.post(f"{one}/evaluations", {}),
        client.get(f"{BASE}/evaluations"),
        client.get(evaluation),
        client.get(f"{evaluation}/results"),
        client.get(f"{evaluation}/comparison", {"with": number}),
        client.get(f"{evaluation}/results/0"),
    ]
    assert [answer.status_code for answer in calls] == statuses


def test_only_maintainers_touch_what_guards_merges(member, api, actor, suite):
    editor, url = api(member("editor")), f"{BASE}/suites/triage-quality"
    assert editor.patch(url, {"version": 1, "required": True}).json()["code"] == "role_too_low"
    assert editor.post(f"{BASE}/suites", {**NEW, "required": True}).status_code == 403
    assert api(member("maintainer")).patch(url, {"version": 1, "required": True}).status_code == 200
    assert editor.patch(url, {"version": 2, "rules": []}).status_code == 403
    assert editor.delete(url).status_code == 403


def test_evaluations_of_another_project_are_not_found(owner, api, actor, suite):
    from variorum.accounts.services import create_project

    number = start_evaluation(suite=suite, actor=actor).number
    create_project(owner=owner, name="Other", slug="other")
    client = api(owner)
    assert client.get(f"/api/v1/projects/other/evaluations/{number}").status_code == 404
    assert client.get("/api/v1/projects/other/suites/triage-quality").status_code == 404


def test_lists_take_a_fixed_number_of_queries(owner, api, actor, suite, django_assert_num_queries):
    for _ in range(4):
        start_evaluation(suite=suite, actor=actor, baseline="none")
    client = api(owner)
    client.get(f"{BASE}/evaluations")
    with django_assert_num_queries(6):  # session, person, project, membership, evaluations, metrics
        assert len(client.get(f"{BASE}/evaluations").json()["items"]) == 4
    with django_assert_num_queries(7):  # session, person, project, membership, suites, newest, metrics
        items = client.get(f"{BASE}/suites").json()["items"]
    assert items[0]["newest"]["state"] == "queued"
    found = client.get(f"{BASE}/evaluations", {"suite": "triage-quality", "limit": 3}).json()
    assert (len(found["items"]), found["next"] is None) == (3, False)
    assert client.get(f"{BASE}/evaluations", {"draft": 77}).json()["items"] == []
    assert client.get(f"{BASE}/evaluations", {"draft": "x"}).status_code == 400


def test_a_dataset_in_use_stays(owner, api, suite):
    answer = api(owner).delete(f"{BASE}/datasets/messages")
    assert (answer.status_code, answer.json()["code"]) == (409, "dataset_in_use")
