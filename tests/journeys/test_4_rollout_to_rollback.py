"""Journey 4: merge -> roll out to a share -> logs of both arms -> a guard trips -> everybody is back, over HTTP."""

import pytest

from variorum_client import Client

P = "/projects/desk"
OLD, NEW = "Answer kindly. {{message}}", "Answer in one word. {{message}}"


@pytest.fixture(scope="module")
def commits(owner, editor, maintainer):
    """Two versions of a prompt on main; the first is live in staging."""
    found = []
    for title, text in (("First", OLD), ("Second", NEW)):
        source = f"---\nmodel: fake/echo\n---\n{text}\n"
        draft = editor.post(f"{P}/drafts", {"title": title, "files": {"prompts/reply.prompt": source}})
        address = f"{P}/drafts/{draft['number']}"
        maintainer.post(f"{address}/approvals", {"verdict": "approve", "commit": draft["head_commit"]}, status=201)
        merged = maintainer.post(f"{address}/merge", {"expected_head": draft["head_commit"]})
        found.append(merged["merged_commit"])
        if title == "First":
            deploy = {"commit": found[0], "expected": None}
            maintainer.post(f"{P}/environments/staging/deployments", deploy, status=201)
    return found


@pytest.fixture
def app(live, owner, tmp_path):
    """An app with the SDK, bound to staging."""
    key = owner.post(f"{P}/keys", {"name": "app", "scopes": ["runtime", "logs"], "environments": ["staging"]})["token"]
    with Client(live.url, key, "staging", cache_dir=tmp_path, refresh=3600) as client:
        client.prompt("reply")
        yield client


def _ask(app, person, *, wrong):
    """One request of a person; the candidate's answers fail as often as `wrong` says."""
    prompt = app.prompt("reply", {"targetingKey": f"person-{person}"})
    bad = prompt.variant.endswith("/candidate") and person % 100 < 100 * wrong
    app.log(
        prompt=prompt,
        input={"variables": {"message": "hi"}},
        output=None if bad else "yes",
        error="no answer" if bad else None,
        latency_ms=100,
    )
    return prompt


def test_a_worse_candidate_is_taken_back_by_its_guard(live, owner, maintainer, commits, app):
    old, new = commits
    rollout = maintainer.post(
        f"{P}/environments/staging/rollouts",
        {
            "commit": new,
            "plan": [{"percent": 30, "hold": {"approval": True}}, {"percent": 100, "hold": {"approval": True}}],
            "guards": [{"measure": "errors", "catch": 0.1, "action": "rollback"}],
        },
        status=201,
    )
    number = rollout["number"]
    live.wait(lambda: any(_commit(app, n) == new for n in range(20)), 60, "the rollout in the app")
    served = {n: _commit(app, n) for n in range(400)}
    assert 0.2 < sum(commit == new for commit in served.values()) / len(served) < 0.4

    for person in range(1500):
        _ask(app, person, wrong=0.4)
    assert app.flush(60)

    def ended():
        found = owner.get(f"{P}/rollouts/{number}")
        return found if found["state"] == "rolled_back" else None

    found = live.wait(ended, 60, "the guard")
    live.wait(lambda: {_commit(app, n) for n in range(200)} == {old}, 60, "everybody back")
    (tripped,) = [one for one in owner.get(f"{P}/events?limit=100")["items"] if one["kind"] == "rollout.tripped"]
    told = tripped["data"]
    assert (told["commit"], told["guard"]) == (new, "Error rate")
    assert "(interval " in told["harm"]
    assert 0 < told["exposed"] <= 1500
    notice = maintainer.get("/inbox")["items"][0]
    assert f"Rollout #{number} in Staging was rolled back" == notice["title"]
    assert new[:10] in notice["body"]
    assert told["harm"] in notice["body"]
    assert found["guards"][0]["found"]["low"] > 0
    again = maintainer.post(f"{P}/rollouts/{number}/advance", {}, status=409)
    assert again["code"] == "rollout_ended"


def _commit(app, person):
    return app.prompt("reply", {"targetingKey": f"person-{person}"}).commit
