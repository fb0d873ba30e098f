"""Promotion with the rules in force: shown first, carried only when wanted, held up by what the target asks for."""

from typing import Any

import pytest

from variorum.deployments import freezes, rollouts, rule_services, services, serving
from variorum.deployments.models import Bundle, Deployment, Environment
from variorum.events.models import Event
from variorum_client.rules import DEFAULT_HASH

BASE = "/api/v1/projects/support-desk"
HERE = f"{BASE}/environments/production/promotion"


def beta(sha: str, key: str = "beta") -> dict[str, Any]:
    """A rule that gives callers with the plan "beta" a commit."""
    return {
        key: {
            "state": "ENABLED",
            "variants": {"new": sha, "live": "live"},
            "defaultVariant": "live",
            "targeting": {"if": [{"==": [{"var": "plan"}, "beta"]}, "new", "live"]},
            "metadata": {"serves": "commit", "hash": DEFAULT_HASH},
        }
    }


FLAG = {"dark": {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}}


@pytest.fixture
def staging(project) -> Environment:
    return services.ensure_environments(project)[1]


@pytest.fixture
def ready(save, staging, actor) -> tuple[str, str]:
    """Staging serves the first commit and gives beta callers the second; both ids."""
    first, second = save("1"), save("2")
    services.deploy(environment=staging, commit=first, actor=actor)
    rule_services.save(environment=staging, document={"flags": beta(second)}, actor=actor)
    return first, second


def test_the_difference_is_shown_and_the_rules_stay_behind_unless_wanted(
    ready, production, member, stranger, api, actor
):
    first, second = ready
    rule_services.save(environment=production, document={"flags": FLAG}, actor=actor)
    viewer, maintainer = api(member("viewer")), api(member("maintainer"))
    shown = viewer.get(HERE).json()["rules"]
    assert (shown["number"], shown["expected"], shown["faults"], shown["rollout"]) == (1, 1, [], None)
    assert shown["changes"] == [{"key": "dark", "change": "removed"}, {"key": "beta", "change": "added"}]
    assert (shown["before"], shown["after"]) == ({"flags": FLAG}, {"flags": beta(second)})
    assert shown["commits"] == {second: "Change 2"}
    assert api(stranger).get(HERE).status_code == 404
    assert api(stranger).post(HERE, {"rules": 1}).status_code == 404
    assert viewer.post(HERE, {"rules": 1}).status_code == 403
    assert maintainer.post(HERE, {}).json()["commit"] == first
    assert serving.rules_in_force(production) == {"flags": FLAG}


def test_carried_rules_are_in_force_with_the_commit_and_the_commits_that_they_name_are_frozen(
    ready, production, member, api, actor
):
    first, second = ready
    rule_services.save(environment=production, document={"flags": FLAG}, actor=actor)
    maintainer = api(member("maintainer"))
    for stale in ({"rules": 2, "expected_rules": 1}, {"rules": 1, "expected_rules": None}):
        assert maintainer.post(HERE, stale, format="json").json()["code"] == "stale_rules"
    assert Deployment.objects.filter(environment=production).count() == 0
    made = maintainer.post(HERE, {"rules": 1, "expected_rules": 1, "expected": None}, format="json")
    assert (made.status_code, made.json()["commit"]) == (201, first)
    found = serving.delivery(production)
    assert found is not None
    chosen = [found.choose("prompts", "triage", {"plan": plan}).commit for plan in ("beta", "pro")]
    assert chosen == [second, first]
    assert set(Bundle.objects.filter(environment=production).values_list("commit", flat=True)) == {first, second}
    told = Event.objects.filter(kind="rules.saved", subject_id="production").latest("pk").data
    assert (told["before"], told["after"], told["carried_from"]) == ({"rules": "#1"}, {"rules": "#2"}, "staging #1")
    assert told["note"] == "Carried from Staging (rules #1)."
    assert told["changes"] == ["dark removed", "beta added"]
    assert maintainer.post(HERE, {"rules": 1}).json()["code"] == "nothing_changed"


def test_rules_alone_go_when_the_commit_is_live_there_already(ready, production, member, api, actor):
    maintainer = api(member("maintainer"))
    live = maintainer.post(HERE, {}).json()
    assert maintainer.post(HERE, {}).json()["code"] == "already_live"
    assert maintainer.post(HERE, {"rules": 1, "expected": live["number"]}).json() == live
    assert serving.rules_in_force(production) == {"flags": beta(ready[1])}


def test_what_the_target_asks_for_holds_for_the_rules_and_nothing_is_half_done(
    ready, save, project, staging, production, owner, member, api, actor
):
    maintainer = api(member("maintainer"))
    api(owner).patch(f"{BASE}/environments/production", {"required_approvals": 1}, format="json")
    api(owner).post(f"{BASE}/environments/production/approvals", {"commit": ready[0]})
    shown = maintainer.get(HERE).json()
    assert shown["obstacles"] == []
    assert [fault["code"] for fault in shown["rules"]["faults"]] == ["go_live_approvals_missing"]
    refused = maintainer.post(HERE, {"rules": 1})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_rules")
    assert (Deployment.objects.filter(environment=production).count(), serving.rule_set(production.pk)) == (0, None)
    api(owner).post(f"{BASE}/environments/production/approvals", {"commit": ready[1]})
    plan = [{"percent": 10, "hold": {"approval": True}}]
    begun = rollouts.start(rollouts.prepare(environment=staging, commit=save("3"), plan=plan), actor=actor)
    assert maintainer.get(HERE).json()["rules"]["rollout"] == begun.number
    assert maintainer.post(HERE, {"rules": 1}).status_code == 201
    assert serving.rules_in_force(production) == {"flags": beta(ready[1])}  # without the rollout's own
    rule_services.save(environment=staging, document={"flags": {}}, actor=actor)
    window = (begun.created_at, begun.created_at.replace(year=begun.created_at.year + 1))
    freezes.add(project=project, actor=actor, environment=production, zone="UTC", reason="Audit", once=window)
    assert maintainer.post(HERE, {"rules": 2}).json()["code"] == "frozen"
    assert serving.rules_in_force(production) == {"flags": beta(ready[1])}
