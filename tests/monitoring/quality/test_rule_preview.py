"""What rules would have done to yesterday's requests, and what the logs cannot tell."""

import itertools
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.test import APIClient

from monitoring.logs.models import Log
from monitoring.quality import rule_preview
from variorum.accounts.access import Actor
from variorum.accounts.models import Project, User
from variorum.deployments import rule_trial
from variorum.deployments.services import deploy, ensure_environments
from variorum.repos import queries, services
from variorum_client.rules import Rules

pytestmark = pytest.mark.django_db
Put = Callable[..., list[Log]]
URL = "/api/v1/projects/support-desk/environments/production/rules/preview"
PROMPT = b"---\nmodel: local/smollm2-135m\n---\nSort {{message}} %s.\n"


@pytest.fixture
def newer(project: Project, actor: Actor) -> str:
    """A commit of main beside the one that is live in production."""
    services.ensure_repository(project)
    made = []
    for mark in (b"1", b"2"):
        files: dict[str, bytes | None] = {"prompts/triage.prompt": PROMPT % mark}
        head = queries.head(project)
        made.append(
            services.commit_files(
                project=project, ref="main", files=files, message="Change", actor=actor, expected_head=head
            )
        )
    deploy(environment=ensure_environments(project)[2], commit=made[0], actor=actor)
    return made[1]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is cut short because the machine is busy."""
    monkeypatch.setattr(rule_preview, "SECONDS", 120.0)
    monkeypatch.setattr(rule_preview, "QUERY_SECONDS", 120)


def rules(sha: str) -> dict[str, Any]:
    """A rule for commits, a flag that asks for what few logs know, and one that is wrong."""
    pro = {"==": [{"var": "plan"}, "pro"]}
    commit = {
        "state": "ENABLED",
        "variants": {"live": "live", "new": sha},
        "defaultVariant": "live",
        "targeting": {"if": [{"$ref": "pro"}, "new"]},
        "metadata": {"serves": "commit", "artefact": "prompts/triage", "order": 1},
    }
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}
    half = {"if": [{"==": [{"var": "user.age"}, 40]}, "on"]}
    return {
        "flags": {
            "new": commit,
            "dark": {**flag, "targeting": half, "metadata": {"order": 2}},
            "wrong": {**flag, "targeting": {"nope": []}, "metadata": {"order": 3}},
        },
        "$evaluators": {"pro": pro},
    }


def test_requests_are_decided_again(api: Any, member: Any, newer: str, put_logs: Put) -> None:
    put_logs(
        *[{"prompt": "triage", "user": f"u{i}", "metadata": {"plan": "pro"}} for i in range(3)],
        {"prompt": "triage", "metadata": {"context": {"plan": "free", "user": {"age": 40}}}},
        {"prompt": "reply", "metadata": {"plan": "pro"}},
        {"prompt": "triage", "metadata": {"plan": "pro"}, "ago": timedelta(hours=25)},
        {"prompt": "triage", "metadata": {"plan": "pro"}, "environment": "dev"},
    )
    answer = api(member("viewer")).post(URL, {"document": rules(newer)}).json()
    assert (answer["total"], answer["n"], answer["live"], answer["stopped"]) == (5, 5, 2, False)
    assert answer["telling"] == 1
    assert answer["rules"] == [
        {"key": "new", "about": 4, "variants": [{"variant": "new", "count": 3}], "failed": 0, "lacking": []},
        {
            "key": "dark",
            "about": 5,
            "variants": [{"variant": "on", "count": 1}, {"variant": "off", "count": 4}],
            "failed": 0,
            "lacking": [{"name": "user.age", "count": 4}],
        },
        {"key": "wrong", "about": 5, "variants": [], "failed": 5, "lacking": []},
    ]
    assert {"name": "plan", "count": 5} in answer["known"]
    assert {"name": "targetingKey", "count": 3} in answer["known"]


def test_rules_see_in_a_preview_what_they_see_in_force(api: Any, owner: User, newer: str, put_logs: Put) -> None:
    """Nothing of a log that no context ever had: its columns, and what the gateway notes about its own work."""
    gateway = {"gateway": "chat/completions", "status": 200, "key": "vk_1", "ended": "done"}
    put_logs(
        {"prompt": "triage", "user": "u1", "session": "s", "tags": ["gateway"], "model": "m", "metadata": gateway},
        {"prompt": "triage", "user": "u2", "metadata": {"status": "gold", "context": {"plan": "pro"}}},
        {"prompt": "triage", "user": "u3", "tags": ["gateway"], "metadata": {"status": "gold", "context": "cart"}},
    )
    answer = api(owner).post(URL, {"document": rules(newer)}).json()
    assert (answer["telling"], answer["rules"][0]["variants"]) == (1, [{"variant": "new", "count": 1}])
    known = {one["name"]: one["count"] for one in answer["known"]}
    assert known == {"targetingKey": 2, "plan": 1, "status": 1, "context": 1}


def test_no_log_and_no_rules(api: Any, owner: User, stranger: User, project: Project) -> None:
    empty: dict[str, Any] = {"total": 0, "n": 0, "live": 0, "telling": 0, "stopped": False, "rules": [], "known": []}
    assert api(owner).post(URL, {"document": {"flags": {}}}).json() == empty
    assert api(owner).post(URL, {"document": {"flags": []}}).json()["code"] == "bad_rules"
    assert api(owner).post(URL, {"document": {"flags": {}}, "hours": 0}).status_code == 400
    assert api(stranger).post(URL, {"document": {"flags": {}}}).status_code == 404


def test_a_sample_is_drawn_and_time_is_bounded(
    api: Callable[..., APIClient], owner: User, newer: str, put_logs: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule_preview, "MOST", 40)
    put_logs(*[{"prompt": "triage", "metadata": {"plan": "pro"}} for _ in range(100)])
    answer = api(owner).post(URL, {"document": rules(newer)}).json()
    assert (answer["total"], answer["n"], answer["rules"][0]["about"], answer["stopped"]) == (100, 40, 40, False)
    monkeypatch.setattr(rule_preview, "SECONDS", 0.0)
    answer = api(owner).post(URL, {"document": rules(newer)}).json()
    assert (answer["total"], answer["n"], answer["stopped"]) == (100, 0, True)


def test_the_clock_is_looked_at_before_each_rule(
    api: Callable[..., APIClient], owner: User, newer: str, put_logs: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rules there are: one request asked about by all of them would take longer than there is time."""
    put_logs(*[{"prompt": "triage"} for _ in range(40)])
    flag = {"state": "ENABLED", "variants": {"on": True}, "defaultVariant": "on"}
    told, asked = {"flags": {f"r{i:03}": flag for i in range(300)}}, Counter[str]()
    decide, ticks = Rules.decide, itertools.count()

    def counted(self: Rules, key: str, context: Any = None) -> Any:
        asked[key] += 1
        return decide(self, key, context)

    monkeypatch.setattr(Rules, "decide", counted)
    for module, seconds in ((rule_preview, 700), (rule_trial, 150)):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(ticks)))  # a second for each look
        monkeypatch.setattr(module, "SECONDS", seconds)
    answer = api(owner).post(URL, {"document": told}).json()
    assert (answer["total"], answer["n"], answer["stopped"]) == (40, 2, True)
    assert asked.total() <= 700
    asked.clear()
    tried = api(owner).post(URL.replace("preview", "try"), {"document": told, "context": {}}).json()
    assert (len(tried["rules"]), tried["stopped"], asked.total()) == (151, True, 151)


def test_the_fields_of_a_rule() -> None:
    targeting = {
        "if": [
            {"and": [{"var": ["age", 1]}, {"some": [{"var": "tags"}, {"==": [{"var": ""}, "x"]}]}, {"$ref": "s"}]},
            {"fractional": [["a", 1]]},
            {"missing": ["plan"]},
        ]
    }
    document = {"flags": {}, "$evaluators": {"s": {"or": [{"var": "$flagd.flagKey"}, {"var": "a.b"}, {"$ref": "s"}]}}}
    found = rule_preview.fields_of({"targeting": targeting}, document)
    assert sorted(found) == ["a.b", "age", "plan", "tags", "targetingKey"]
