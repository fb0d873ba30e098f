"""Which commit a call through the gateway gets: a rule and a rollout choose, and the log carries commit and variant."""

import time
from typing import Any

from monitoring.logs.models import Log
from tests.monitoring.gateway.conftest import PROMPT, log_of
from variorum.deployments import rollouts, rule_services
from variorum.deployments.queries import environments_of
from variorum.repos import queries, services

NEW = PROMPT.replace("Sort politely.", "Sort anew.")


def said(call: Any) -> str:
    """The system message, which tells the commits apart."""
    return str(call.system)


def test_a_rule_and_a_rollout_choose_the_commit(ask, acme, deploy, project, actor) -> None:
    live = deploy()
    head = queries.head(project)
    files = {"prompts/triage.prompt": NEW.encode()}
    new = services.commit_files(
        project=project, ref="main", files=files, message="Anew", actor=actor, expected_head=head
    )
    dev = environments_of(project)[0]
    acme.answer = said
    users = [f"u-{at}" for at in range(24)]

    def call(user: str) -> tuple[str, str, str]:
        ours = {"variables": {"message": "it"}, "environment": dev.slug, "context": {"targetingKey": user}}
        answer = ask({"model": "prompts/triage", "variorum": ours})
        assert answer.status_code == 200, answer.text
        headers = answer.headers
        log = log_of(project, headers["x-variorum-log-id"])
        assert (log["commit"], log["variant"]) == (headers["x-variorum-commit"], headers.get("x-variorum-variant", ""))
        assert answer.json()["choices"][0]["message"]["content"] == log["output"]
        return log["output"], log["commit"], log["variant"]

    prepared = rollouts.prepare(environment=dev, commit=new, plan=[{"percent": 50, "hold": {"approval": True}}])
    rollout = rollouts.start(prepared, actor=actor)
    deadline = time.monotonic() + 30
    while not call("u-0")[2] and time.monotonic() < deadline:
        time.sleep(0.05)  # until the web process heard of it
    arm = f"rollout-{rollout.number}"
    found = {user: call(user) for user in users}
    assert set(found.values()) == {
        ("Sort anew.", new, f"{arm}/candidate"),
        ("Sort politely.", live, f"{arm}/control"),
    }
    flag = {
        "state": "ENABLED",
        "metadata": {"serves": "commit", "artefact": "prompts/triage"},
        "variants": {"old": "live", "new": new},
        "defaultVariant": "old",
        "targeting": {"if": [{"in": [{"var": "targetingKey"}, ["u-0", "u-1"]]}, "new", None]},
    }
    rule_services.save(environment=dev, document={"flags": {"staff": flag}}, actor=actor)
    while call("u-0")[2] != "staff/new" and time.monotonic() < deadline + 30:
        time.sleep(0.05)
    assert [call(user) for user in ("u-0", "u-1", "u-2")] == [
        ("Sort anew.", new, "staff/new"),
        ("Sort anew.", new, "staff/new"),
        found["u-2"],
    ]
    assert Log.objects.filter(project=project, variant=f"{arm}/candidate").exists()
