"""Rules of an environment: saved whole or not at all, with every fault and its place, and gone back to."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from variorum.accounts.access import Actor
from variorum.accounts.models import Project, User
from variorum.deployments import serving
from variorum.deployments.models import Bundle, Environment
from variorum.deployments.services import deploy
from variorum.drafts.models import RequiredCheck
from variorum.events.models import Event
from variorum_client.rules import ramp

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
Save = Callable[..., str]
HERE = "/api/v1/projects/support-desk/environments/{}/rules"
DEV = HERE.format("dev")


def commit_rule(sha: str, condition: Any = True, **metadata: Any) -> dict[str, Any]:
    """A rule that gives a commit to those who meet the condition."""
    return {
        "state": "ENABLED",
        "variants": {"live": "live", "new": sha},
        "defaultVariant": "live",
        "targeting": {"if": [condition, "new"]},
        "metadata": {"serves": "commit", **metadata},
    }


def value_rule(**more: Any) -> dict[str, Any]:
    """A flag for the app itself."""
    return {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", **more}


def ramped(percent: float, *, seed: str = "s", hash_name: str = "murmur3-cbor") -> dict[str, Any]:
    """A flag that splits people."""
    return value_rule(**ramp(arms={"on": 1}, control="off", percent=percent, seed=seed, hash_name=hash_name))


@pytest.fixture
def commits(save: Save, dev: Environment, actor: Actor) -> tuple[str, str]:
    """What is live in dev, and a newer commit of main."""
    first, second = save("1"), save("2")
    deploy(environment=dev, commit=first, actor=actor)
    return first, second


def faults_of(client: APIClient, flags: Any, *, at: str = DEV, **more: Any) -> list[tuple[str, str]]:
    """(place, code) of everything that is wrong with a document."""
    answer = client.post(f"{at}/check", {"document": {"flags": flags, **more}})
    assert answer.status_code == 200, answer.json()
    return [(fault["where"], fault["code"]) for fault in answer.json()["faults"]]


def test_a_document_is_saved_read_and_gone_back_to(
    api: Api, owner: User, commits: tuple[str, str], dev: Environment
) -> None:
    client, (live, newer) = api(owner), commits
    shown = client.get(DEV).json()
    assert (shown["number"], shown["document"], shown["artefacts"]) == (None, {"flags": {}}, ["prompts/triage"])
    first = {"flags": {"pro": commit_rule(newer, {"==": [{"var": "plan"}, "pro"]}, order=1)}}
    made = client.post(DEV, {"document": first, "note": "For those who pay", "expected": None})
    assert made.status_code == 201, made.json()
    assert (made.json()["number"], made.json()["changes"]) == (1, [{"key": "pro", "change": "added"}])
    delivery = serving.delivery(dev)
    assert delivery is not None
    assert delivery.choose("prompts", "triage", {"plan": "pro"}) == (newer, "pro/new", "TARGETING_MATCH")
    assert delivery.choose("prompts", "triage", {"plan": "free"}).commit == live
    second = {"flags": {"pro": {**first["flags"]["pro"], "state": "DISABLED"}, "dark": value_rule()}}
    assert client.post(DEV, {"document": second, "expected": 1}).status_code == 201
    stale = client.post(DEV, {"document": first, "expected": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_rules")
    assert (stale.json()["number"], stale.json()["document"]) == (2, second)
    assert client.post(DEV, {"document": second}).json()["code"] == "nothing_changed"
    back = client.post(f"{DEV}/restore", {"to": 1, "expected": 2})
    assert (back.status_code, back.json()["document"], back.json()["note"]) == (201, first, "Back to #1")
    shown = client.get(DEV).json()
    assert (shown["number"], shown["commits"]) == (3, {newer: "Change 2"})
    history = client.get(f"{DEV}/history").json()["items"]
    assert [(each["number"], [tuple(c.values()) for c in each["changes"]]) for each in history] == [
        (3, [("dark", "removed"), ("pro", "enabled")]),
        (2, [("pro", "disabled"), ("dark", "added")]),
        (1, [("pro", "added")]),
    ]
    assert client.get(f"{DEV}/history/2").json()["document"] == second
    assert client.get(f"{DEV}/history/9").status_code == 404
    assert client.get(f"{DEV}/file").json() == first
    kinds = Event.objects.filter(kind="rules.saved").order_by("pk").values_list("data__number", flat=True)
    assert list(kinds) == [1, 2, 3]


def test_who_may_do_what(api: Api, member: Callable[[str], User], stranger: User, commits: tuple[str, str]) -> None:
    body = {"document": {"flags": {"dark": value_rule()}}}
    viewer, editor, maintainer = api(member("viewer")), api(member("editor")), api(member("maintainer"))
    assert [viewer.get(f"{DEV}{path}").status_code for path in ("", "/history", "/file")] == [200, 200, 200]
    assert viewer.post(f"{DEV}/check", body).json() == {"faults": [], "changes": [{"key": "dark", "change": "added"}]}
    assert viewer.post(f"{DEV}/try", {**body, "context": {}}).status_code == 200
    assert editor.post(DEV, body).status_code == 403
    assert editor.post(f"{DEV}/restore", {"to": 1}).status_code == 403
    assert api(stranger).post(DEV, body).status_code == 404
    assert maintainer.post(DEV, body).status_code == 201


def test_every_fault_has_its_place(api: Api, owner: User, commits: tuple[str, str], save: Save) -> None:
    client, (_live, newer) = api(owner), commits
    flags = {
        "a": value_rule(targeting={"if": [{"iff": []}, "on", {"<": [1]}, "on", {"$ref": "group"}, "on"]}),
        "off": value_rule(state="DISABLED", targeting={"if": [{"$ref": "nobody"}, "on"]}),
        "b/c": value_rule(),
        "rollout-3": value_rule(),
        "d": commit_rule("main"),
        "e": value_rule(metadata={"serves": "tea"}),
        "f": value_rule(variants={"x" * 91: 1}, defaultVariant=""),
        "g" * 201: {"variants": 7},
    }
    assert faults_of(client, flags, **{"$evaluators": {"group": {"in": [{"x": 1}]}}}) == [
        ("/flags/a/targeting/if/0", "bad_rule"),
        ("/flags/a/targeting/if/2/<", "bad_rule"),
        ("/$evaluators/group/in/0", "bad_rule"),
        *[(f"/flags/{'g' * 200}{part}", "bad_rule") for part in ("", "/variants", "/state")],
        ("/flags/off/targeting/if/0", "bad_rule"),
        ("/flags/b~1c", "bad_key"),
        ("/flags/rollout-3", "reserved_key"),
        ("/flags/d/variants/new", "bad_commit"),
        ("/flags/e/metadata/serves", "bad_rule"),
        ("/flags/f/variants", "bad_rule"),
        (f"/flags/{'g' * 201}", "bad_key"),
    ]
    drafted = save(files={"prompts/triage.prompt": b"---\nmodel: local/smollm2-135m\n---\nHi\n"}, ref="drafts/x")
    commits_at_fault = {
        "unknown": commit_rule("0" * 40),
        "draft": commit_rule(drafted),
        "odd": commit_rule(newer, artefact="tools/x"),
        "lacks": commit_rule(newer, artefact="prompts/reply"),
        "fine": commit_rule(newer, artefact="prompts/triage"),
    }
    assert faults_of(client, commits_at_fault) == [
        ("/flags/unknown/variants/new", "bad_commit"),
        ("/flags/draft/variants/new", "not_on_main"),
        ("/flags/odd/metadata/artefact", "no_artefact"),
        ("/flags/lacks/metadata/artefact", "no_artefact"),
    ]
    refused = client.post(DEV, {"document": {"flags": commits_at_fault}})
    assert (refused.status_code, refused.json()["code"], len(refused.json()["errors"])) == (422, "bad_rules", 4)
    assert (client.get(DEV).json()["number"], Bundle.objects.filter(commit=drafted).count()) == (None, 0)
    many = {"many": {**value_rule(), "variants": {str(i): f"{i:040x}" for i in range(21)}, "defaultVariant": "1"}}
    many["many"]["metadata"] = {"serves": "commit"}
    assert faults_of(client, many) == [("/flags", "too_many_commits")]
    assert faults_of(client, []) == [("/flags", "bad_rule")]
    assert faults_of(client, {f"r{i}": value_rule() for i in range(1001)}) == [("/flags", "bad_rule")]
    assert client.post(DEV, {"document": "x"}).status_code == 400


def test_a_split_keeps_its_hash_and_its_seed(api: Api, owner: User, project: Project) -> None:
    client = api(owner)
    segment = {"some": {"fractional": [{"cat": ["seg/", {"var": "targetingKey"}]}, [True, 1], [False, 9]]}}
    inside = value_rule(targeting={"if": [{"$ref": "some"}, "on"]}, metadata={"hash": "murmur3-cbor"})
    document = {"flags": {"r": ramped(10), "s": inside}, "$evaluators": segment}
    assert client.post(DEV, {"document": document}).status_code == 201
    assert faults_of(client, {"r": ramped(40), "s": inside}, **{"$evaluators": segment}) == []
    assert faults_of(client, {"r": ramped(10, seed="t")}) == [("/flags/r/metadata/seed", "seed_changed")]
    assert faults_of(client, {"r": ramped(10, hash_name="murmur3-utf8")}) == [
        ("/flags/r/metadata/hash", "hash_changed")
    ]
    other = {"some": {"fractional": [{"cat": ["SEG/", {"var": "targetingKey"}]}, [True, 1], [False, 9]]}}
    assert faults_of(client, {"s": inside}, **{"$evaluators": other}) == [("/flags/s/metadata/seed", "seed_changed")]
    assert faults_of(client, {"r2": ramped(10, seed="t"), "r": value_rule()}) == []
    off = {"flags": {"r": {**ramped(10), "state": "DISABLED"}}}
    assert client.post(DEV, {"document": off}).status_code == 201
    assert faults_of(client, {"r": ramped(10, seed="t")}) == []


def test_a_rule_opens_no_back_door_to_production(
    api: Api, owner: User, commits: tuple[str, str], actor: Actor, production: Environment
) -> None:
    at = HERE.format("production")
    deploy(environment=production, commit=commits[0], actor=actor)
    assert faults_of(api(owner), {"new": commit_rule(commits[1])}, at=at) == []
    RequiredCheck.objects.create(project=production.project, name="triage")
    assert faults_of(api(owner), {"new": commit_rule(commits[1])}, at=at) == [
        ("/flags/new/variants/new", "checks_missing")
    ]


def test_one_caller_is_tried(api: Api, owner: User, commits: tuple[str, str]) -> None:
    client, (live, newer) = api(owner), commits
    document = {
        "flags": {
            "dark": value_rule(targeting={"if": [{"==": [{"var": "plan"}, "pro"]}, "on"]}, metadata={"order": 2}),
            "new": commit_rule(newer, {"==": [{"var": "plan"}, "pro"]}, order=1),
            "wrong": value_rule(targeting={"nope": []}, metadata={"order": 3}),
        }
    }
    answer = client.post(f"{DEV}/try", {"document": document, "context": {"plan": "pro"}}).json()
    assert answer["artefacts"] == [
        {"artefact": "prompts/triage", "commit": newer, "variant": "new/new", "reason": "TARGETING_MATCH"}
    ]
    assert [(rule["key"], rule["variant"], rule["value"], rule["reason"]) for rule in answer["rules"]] == [
        ("new", "new", newer, "TARGETING_MATCH"),
        ("dark", "on", True, "TARGETING_MATCH"),
        ("wrong", None, None, "ERROR"),
    ]
    assert "no operator 'nope'" in answer["rules"][2]["message"]
    free = client.post(f"{DEV}/try", {"document": document, "context": {"plan": "free"}}).json()
    assert (free["artefacts"][0]["commit"], free["artefacts"][0]["variant"]) == (live, "")
    assert not Bundle.objects.filter(commit=newer).exists()
    for context in ([], {"a": "x" * 16_001}, {"a": [[[[[[[[1]]]]]]]]}):
        assert client.post(f"{DEV}/try", {"document": document, "context": context}).json()["code"] == "bad_context"
    for flags in ([], {"a": {}}):
        tried = client.post(f"{HERE.format('staging')}/try", {"document": {"flags": flags}, "context": {}})
        assert tried.status_code == (200 if flags else 400)
