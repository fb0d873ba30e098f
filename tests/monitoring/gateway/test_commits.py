"""Which commit a call through the gateway gets: a rule and a rollout choose, and the log carries commit and variant."""

import time
from typing import Any

from monitoring.logs.models import Log
from monitoring.quality import rule_preview
from tests.monitoring.gateway.conftest import PROMPT, chat, log_of
from variorum.deployments import rollouts, rule_services
from variorum.deployments.queries import environments_of
from variorum.repos import queries, services
from variorum_client import Client

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


def test_a_preview_counts_what_the_gateway_and_the_sdk_decided(
    ask, acme, deploy, project, actor, web, make_key, tmp_path, api, owner, monkeypatch
) -> None:
    """Both tell in their logs what the rules looked at; the same rules give the same over them."""
    live = deploy()
    head, files = queries.head(project), {"prompts/triage.prompt": NEW.encode()}
    new = services.commit_files(
        project=project, ref="main", files=files, message="Anew", actor=actor, expected_head=head
    )
    dev = environments_of(project)[0]
    flag = {
        "state": "ENABLED",
        "metadata": {"serves": "commit", "artefact": "prompts/triage"},
        "variants": {"old": "live", "new": new},
        "defaultVariant": "old",
        "targeting": {"if": [{"and": [{"==": [{"var": "plan"}, "pro"]}, {"!": {"var": "status"}}]}, "new", None]},
    }
    document = {"flags": {"paying": flag}}
    rule_services.save(environment=dev, document=document, actor=actor)

    def call(**more: Any) -> str:
        ours = {"variables": {"message": "it"}, "environment": dev.slug, **more.pop("ours", {})}
        answer = ask({"model": "prompts/triage", "variorum": ours, **more})
        assert answer.status_code == 200, answer.text
        return str(log_of(project, answer.headers["x-variorum-log-id"])["variant"])

    pro = {"targetingKey": "u9", "plan": "pro"}
    deadline, asked = time.monotonic() + 60, 1
    while (first := call(ours={"context": pro})) != "paying/new" and time.monotonic() < deadline:
        asked += 1  # until the web process heard of the rule
    found = [first, call(user="u1"), call(ours={"context": {"plan": "pro", "status": "away"}})]
    with Client(web, make_key("runtime", "logs"), dev.slug, cache_dir=tmp_path, stream=False) as sdk:
        for context in (pro, {"targetingKey": "sdk7", "plan": "free"}):
            prompt = sdk.prompt("triage", context)
            with sdk.measure(prompt, {"message": "it"}) as one:
                one.said("parcel")
            found.append(prompt.variant)
        assert sdk.flush(60)
    assert (found, prompt.commit) == (["paying/new", "", "", "paying/new", ""], live)
    assert log_of(project, one.id)["end_user"] == "sdk7"
    monkeypatch.setattr(rule_preview, "SECONDS", 120.0)
    monkeypatch.setattr(rule_preview, "QUERY_SECONDS", 120)
    url = f"/api/v1/projects/{project.slug}/environments/{dev.slug}/rules/preview"
    seen = api(owner).post(url, {"document": document}).json()
    assert (seen["n"], seen["telling"]) == (asked + 4, asked + 4)
    assert seen["rules"][0]["variants"] == [{"variant": "new", "count": asked + 1}]
    lacking, known = (
        {one["name"]: one["count"] for one in each} for each in (seen["rules"][0]["lacking"], seen["known"])
    )
    assert lacking == {"plan": 1, "status": asked + 3}
    assert known == {"plan": asked + 3, "targetingKey": asked + 3, "status": 1}


def test_a_context_that_cannot_be_stored_takes_no_text_with_it(ask, acme, project) -> None:
    answer = ask(chat("hello", user="u1", variorum={"context": {"plan": "half \x00", "targetingKey": "u1"}}))
    log = log_of(project, answer.headers["x-variorum-log-id"])
    assert answer.json()["choices"][0]["message"]["content"] == log["output"]
    assert (log["end_user"], log["metadata"].get("context")) == ("u1", None)
    assert "NUL" in log["metadata"]["context_left_out"]
