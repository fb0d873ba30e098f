"""Environments and deployments over HTTP: what each role may do and what the answers hold."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tests.variorum.deployments.conftest import PROMPT
from variorum.deployments import services
from variorum.repos import tags

BASE = "/api/v1/projects/support-desk"
DEV = f"{BASE}/environments/dev"


@pytest.fixture
def maintainer(member, api):
    return api(member("maintainer"))


@pytest.fixture
def viewer(member, api):
    return api(member("viewer"))


def test_environments_show_what_is_live_and_what_waits(save, viewer, dev, actor):
    empty = viewer.get(f"{BASE}/environments").json()
    assert [(e["slug"], e["current"], e["waiting"], e["rollback"]) for e in empty["items"]] == [
        ("dev", None, None, None),
        ("staging", None, None, None),
        ("production", None, None, None),
    ]
    first = save("1")
    services.deploy(environment=dev, commit=first, actor=actor)
    save("2")
    services.deploy(environment=dev, commit=save("3"), actor=actor)
    save("4")
    found = viewer.get(f"{BASE}/environments").json()["items"][0]
    assert (found["current"]["number"], found["waiting"], found["rollback"]) == (2, 1, 1)


def test_a_maintainer_deploys_and_rolls_back(save, maintainer):
    sha = save("1")
    made = maintainer.post(f"{DEV}/deployments", {"commit": "main", "note": "go", "expected": None})
    assert made.status_code == 201
    body = made.json()
    assert {
        name: body[name] for name in ("number", "environment", "kind", "commit", "subject", "note", "restores")
    } == {
        "number": 1,
        "environment": "dev",
        "kind": "deploy",
        "commit": sha,
        "subject": "Change 1",
        "note": "go",
        "restores": None,
    }
    assert (body["actor_name"], body["until"], len(body["hash"])) == ("Maintainer-Person", None, 64)
    maintainer.post(f"{DEV}/deployments", {"commit": save("2")})
    back = maintainer.post(f"{DEV}/rollback", {"note": "worse", "expected": 2})
    assert (back.status_code, back.json()["restores"], back.json()["kind"]) == (201, 1, "rollback")
    forward = maintainer.post(f"{DEV}/rollback", {"to": 2})
    assert (forward.status_code, forward.json()["restores"]) == (201, 2)
    assert maintainer.post(f"{DEV}/rollback", {"to": 77}).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_others_look_only(role, save, member, api):
    save("1")
    client = api(member(role))
    for address in (f"{DEV}/deployments", f"{DEV}/rollback"):
        answer = client.post(address, {"commit": "main"})
        assert (answer.status_code, answer.json()["code"]) == (403, "role_too_low")
    assert client.get(f"{DEV}/deployments").json() == {"items": [], "next": None}


def test_an_admin_key_deploys_and_a_write_key_does_not(save, api, make_key):
    save("1")
    assert api(key=make_key("write")).post(f"{DEV}/deployments", {"commit": "main"}).status_code == 403
    made = api(key=make_key("admin")).post(f"{DEV}/deployments", {"commit": "main"})
    assert (made.status_code, made.json()["actor_name"]) == (201, "Olga (test key)")


def test_refusals_say_what_is_in_the_way(save, maintainer):
    save("1")
    maintainer.post(f"{DEV}/deployments", {"commit": "main"})
    again = maintainer.post(f"{DEV}/deployments", {"commit": "main"})
    assert (again.status_code, again.json()["code"], again.json()["deployment"]) == (409, "already_live", 1)
    save("2")
    stale = maintainer.post(f"{DEV}/deployments", {"commit": "main", "expected": None})
    assert (stale.status_code, stale.json()["code"], stale.json()["deployment"]) == (409, "stale_deployment", 1)
    for body in ({}, {"commit": ""}, {"commit": "main", "expected": "x"}, {"commit": "main", "note": "x" * 3000}):
        assert maintainer.post(f"{DEV}/deployments", body).status_code == 400
    for commit in ("nowhere", "f" * 40, "../../etc", "main\u0000", "-1", "é" * 50):
        assert maintainer.post(f"{DEV}/deployments", {"commit": commit}).status_code in {400, 404}
    assert maintainer.get(f"{BASE}/environments/moon/deployments").status_code == 404


def test_history_and_detail(save, maintainer, django_assert_max_num_queries):
    first, second = save("1"), save("2")
    for sha in (first, second):
        maintainer.post(f"{DEV}/deployments", {"commit": sha})
    maintainer.post(f"{BASE}/environments/staging/deployments", {"commit": first})
    with django_assert_max_num_queries(6):
        everything = maintainer.get(f"{BASE}/deployments").json()["items"]
    assert [(d["number"], d["environment"]) for d in everything] == [(3, "staging"), (2, "dev"), (1, "dev")]
    page = maintainer.get(f"{DEV}/deployments?limit=1").json()
    assert [d["number"] for d in page["items"]] == [2]
    rest = maintainer.get(f"{DEV}/deployments?limit=1&cursor={page['next']}").json()
    assert ([d["number"] for d in rest["items"]], rest["next"]) == ([1], None)
    assert rest["items"][0]["until"] == page["items"][0]["created_at"]
    detail = maintainer.get(f"{BASE}/deployments/2").json()
    assert (detail["before"]["number"], [(c["path"], c["status"]) for c in detail["changes"]]) == (
        1,
        [("prompts/triage.prompt", "modified")],
    )
    start = maintainer.get(f"{BASE}/deployments/1").json()
    assert start["before"] is None
    assert {c["status"] for c in start["changes"]} == {"added"}
    assert maintainer.get(f"{BASE}/deployments/9").status_code == 404


def test_what_was_live_when(save, viewer, dev, actor):
    first = services.deploy(environment=dev, commit=save("1"), actor=actor)
    second = services.deploy(environment=dev, commit=save("2"), actor=actor)
    at = first.created_at.isoformat().replace("+00:00", "Z")
    then = viewer.get(f"{BASE}/live", {"at": at}).json()
    assert parse_datetime(then["at"]) == first.created_at
    assert [(e["environment"], e["deployment"] and e["deployment"]["number"]) for e in then["items"]] == [
        ("dev", 1),
        ("staging", None),
        ("production", None),
    ]
    assert viewer.get(f"{BASE}/live").json()["items"][0]["deployment"]["number"] == second.number
    assert viewer.get(f"{BASE}/live", {"at": "yesterday"}).status_code == 400
    assert viewer.get(f"{BASE}/live", {"at": "0001-01-01T00:00:00+14:00"}).status_code in {200, 400}


def test_a_moment_has_neighbours_tags_and_texts(project, save, viewer, dev, actor):
    first = services.deploy(environment=dev, commit=save("1"), actor=actor)
    tags.create_tag(project=project, actor=actor, name="v1")
    second = services.deploy(environment=dev, commit=save("2"), actor=actor)
    third = services.roll_back(environment=dev, actor=actor)
    at = second.created_at.isoformat()
    (item,) = viewer.get(f"{BASE}/live", {"at": at, "environment": "dev", "texts": 1}).json()["items"]
    numbers = [item[name]["number"] for name in ("before", "deployment", "after")]
    assert (numbers, item["tags"], item["name"]) == ([1, 2, 3], [], "Development")
    assert parse_datetime(item["deployment"]["until"]) == third.created_at
    assert [(prompt["name"], prompt["text"]) for prompt in item["prompts"]] == [("triage", PROMPT.replace("{}", "2"))]
    (early,) = viewer.get(f"{BASE}/live", {"at": first.created_at.isoformat(), "environment": "dev"}).json()["items"]
    assert (early["before"], early["tags"], early["prompts"][0]["text"]) == (None, ["v1"], None)
    (none,) = viewer.get(f"{BASE}/live", {"at": "2020-01-01T00:00:00Z", "environment": "dev"}).json()["items"]
    assert (none["deployment"], none["after"]["number"], none["prompts"]) == (None, 1, [])
    assert viewer.get(f"{BASE}/live", {"environment": "nope"}).status_code == 404


def test_times_have_a_zone(save, viewer):
    said = {
        "2024-11-17T14:05": ("Europe/Berlin", "2024-11-17T13:05:00Z"),
        "2024-07-17 14:05": ("Europe/Berlin", "2024-07-17T12:05:00Z"),
        "2024-11-17T14:05:00+05:30": ("", "2024-11-17T08:35:00Z"),
        "2024-11-17T14:05:00 02:00": ("", "2024-11-17T12:05:00Z"),
    }
    for at, (zone, expected) in said.items():
        assert viewer.get(f"{BASE}/live", {"at": at, "zone": zone}).json()["at"] == expected
    wrong = {"2024-11-17T14:05": ("", "Mars/Base", "../etc/passwd", "a" * 5000), "2024-13-17T14:05": ("UTC",)}
    for at, zone in [(at, zone) for at, zones in {**wrong, "14:05": ("UTC",)}.items() for zone in zones]:
        answer = viewer.get(f"{BASE}/live", {"at": at, "zone": zone})
        assert (answer.status_code, answer.json()["errors"][0]["where"]) == (400, "at")


def test_nobody_knows_what_is_live_in_the_future(save, viewer, dev, actor):
    services.deploy(environment=dev, commit=save("1"), actor=actor)
    for at in ("2036-01-01T10:00:00Z", "9999-12-31T23:59:59Z", (timezone.now() + timedelta(hours=1)).isoformat()):
        answer = viewer.get(f"{BASE}/live", {"at": at})
        (error,) = answer.json()["errors"]
        assert (answer.status_code, answer.json()["code"], error["where"]) == (400, "still_to_come", "at")
    assert (
        "2036-01-01 10:00 UTC is still to come"
        in viewer.get(f"{BASE}/live", {"at": "2036-01-01T10:00Z"}).json()["detail"]
    )
    soon = timezone.now() + timedelta(minutes=2)  # a clock that is a little fast
    answer = viewer.get(f"{BASE}/live", {"at": soon.isoformat(), "environment": "dev"}).json()
    assert parse_datetime(answer["at"]) <= timezone.now()
    assert answer["items"][0]["deployment"]["number"] == 1


def test_a_preview_says_what_would_change_and_what_stands_in_the_way(save, viewer, dev, actor):
    first = save("1")
    fresh = viewer.get(f"{DEV}/preview", {"commit": "main"}).json()
    assert (fresh["current"], fresh["commit"], fresh["obstacles"]) == (None, first, [])
    services.deploy(environment=dev, commit=first, actor=actor)
    save("2")
    third = save("3")
    found = viewer.get(f"{DEV}/preview", {"commit": third}).json()
    assert (found["commits"], found["backwards"], found["subject"], found["obstacles"]) == (2, False, "Change 3", [])
    assert [(c["path"], c["added"], c["removed"]) for c in found["changes"]] == [("prompts/triage.prompt", 1, 1)]
    same = viewer.get(f"{DEV}/preview", {"commit": first}).json()
    assert (same["changes"], [o["code"] for o in same["obstacles"]]) == ([], ["already_live"])
    services.deploy(environment=dev, commit=third, actor=actor)
    back = viewer.get(f"{DEV}/preview", {"commit": first}).json()
    assert (back["backwards"], back["commits"], back["obstacles"]) == (True, 0, [])
    assert viewer.get(f"{DEV}/preview").status_code == 400
    assert viewer.get(f"{DEV}/preview", {"commit": "nowhere"}).status_code == 404
