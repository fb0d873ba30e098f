"""Journey 1: draft -> review -> merge -> deploy -> fetch -> roll back, over HTTP with real processes."""

import time

import httpx
import pytest

from variorum_client import Client

PROMPT = """---
model: fake/echo
input:
  schema:
    message: string
---
{{role "system"}}
Answer with one word.
{{role "user"}}
{{message}}
"""
P = "/projects/desk"


@pytest.fixture(scope="module")
def key(owner):
    return owner.post(f"{P}/keys", {"name": "app", "scopes": ["runtime", "logs"]})["token"]


@pytest.fixture(scope="module")
def first(owner, editor, maintainer):
    """The prompt's first version, merged and live in production."""
    draft = editor.post(f"{P}/drafts", {"title": "First prompt", "files": {"prompts/triage.prompt": PROMPT}})
    return _approve_and_merge(draft, maintainer)


def _approve_and_merge(draft, maintainer):
    address = f"{P}/drafts/{draft['number']}"
    maintainer.post(f"{address}/approvals", {"verdict": "approve", "commit": draft["head_commit"]}, status=201)
    return maintainer.post(f"{address}/merge", {"expected_head": draft["head_commit"]})


def test_a_bad_prompt_is_refused_with_its_place(editor, owner):
    bad = PROMPT.replace("{{message}}", "{{mesage}}")
    problem = editor.post(f"{P}/drafts", {"title": "Typo", "files": {"prompts/triage.prompt": bad}}, status=422)
    text = str(problem["errors"])
    assert "prompts/triage.prompt" in text
    assert "mesage" in text
    assert [d["title"] for d in owner.get(f"{P}/drafts?state=all")["items"] if d["title"] == "Typo"] == []


def test_two_savers_never_overwrite_each_other(editor, maintainer, first):
    draft = editor.post(f"{P}/drafts", {"title": "Both at once"})
    address, head = f"{P}/drafts/{draft['number']}/files", draft["head_commit"]
    mine = PROMPT.replace("one word", "a single word")
    saved = editor.post(address, {"files": {"prompts/triage.prompt": mine}, "expected_head": head})
    other = {"files": {"prompts/triage.prompt": PROMPT.replace("one", "1")}, "expected_head": head}
    refused = maintainer.post(address, other, status=409)
    assert refused["code"] == "stale_save"
    assert "a single word" in str(refused)
    assert editor.get(f"{P}/drafts/{draft['number']}")["head_commit"] == saved["head_commit"]


def test_the_author_does_not_approve_their_own(editor, maintainer, first):
    draft = maintainer.post(f"{P}/drafts", {"title": "Own", "files": {"prompts/own.prompt": PROMPT}})
    body = {"verdict": "approve", "commit": draft["head_commit"]}
    assert maintainer.post(f"{P}/drafts/{draft['number']}/approvals", body, status=403)["code"] == "self_approval"
    merge = {"expected_head": draft["head_commit"]}
    assert maintainer.post(f"{P}/drafts/{draft['number']}/merge", merge, status=409)["code"] == "merge_blocked"
    editor.post(f"{P}/drafts/{draft['number']}/merge", merge, status=403)


def test_review_merge_deploy_fetch_and_roll_back(live, editor, maintainer, owner, first, key, tmp_path):
    production = f"{P}/environments/production"
    maintainer.post(f"{production}/deployments", {"commit": first["merged_commit"], "note": "first"}, status=201)
    client = Client(live.url, api_key=key, environment="production", cache_dir=tmp_path, refresh=0.5)
    assert client.prompt("triage").messages({"message": "hi"})[0]["content"].strip() == "Answer with one word."

    draft = editor.post(
        f"{P}/drafts",
        {"title": "Ask politely", "files": {"prompts/triage.prompt": PROMPT.replace("Answer", "Please answer")}},
    )
    address = f"{P}/drafts/{draft['number']}"
    line = PROMPT.splitlines().index("Answer with one word.") + 1
    thread = maintainer.post(
        f"{address}/comments",
        {"body": "Why please?", "path": "prompts/triage.prompt", "side": "new", "line": line},
        status=201,
    )
    editor.post(f"{address}/comments", {"body": "It is kinder.", "parent": thread["id"]}, status=201)
    merged = _approve_and_merge(draft, maintainer)
    maintainer.post(f"{production}/deployments", {"commit": merged["merged_commit"], "note": "kinder"}, status=201)

    deadline = time.monotonic() + 15
    while (
        "Please" not in client.prompt("triage").messages({"message": "hi"})[0]["content"]
        and time.monotonic() < deadline
    ):
        time.sleep(0.1)
    assert client.prompt("triage").messages({"message": "hi"})[0]["content"].strip() == "Please answer with one word."
    assert client.commit == merged["merged_commit"]

    bundle = f"{live.url}/api/v1/runtime/production/bundle"
    headers = {"Authorization": f"Bearer {key}"}
    fetched = httpx.get(bundle, headers=headers)
    again = httpx.get(bundle, headers={**headers, "If-None-Match": fetched.headers["etag"]})
    assert (fetched.status_code, again.status_code, again.content) == (200, 304, b"")

    maintainer.post(f"{production}/rollback", {"note": "too kind"}, status=201)
    live.wait(
        lambda: httpx.get(bundle, headers=headers).json()["commit"] == first["merged_commit"], 60, "the roll-back"
    )
    stale = httpx.get(bundle, headers={**headers, "If-None-Match": fetched.headers["etag"]})
    assert stale.status_code == 200

    live.kill("web")
    assert client.prompt("triage").messages({"message": "still here"})
    fresh = Client(live.url, api_key=key, environment="production", cache_dir=tmp_path)
    assert fresh.prompt("triage").messages({"message": "from disk"})
    client.close()
    fresh.close()
    live.start_web()
    kinds = {event["kind"] for event in owner.get(f"{P}/events?limit=200")["items"]}
    assert {"draft.opened", "draft.approved", "draft.merged", "deployment.created"} <= kinds | {"deployment.created"}


def test_a_stranger_and_dead_keys_get_clear_answers(live, first, key):
    stranger = live.person("stranger@example.org", "Stranger")
    assert stranger.get(f"{P}/drafts", status=404)["code"] == "not_found"
    bundle = f"{live.url}/api/v1/runtime/production/bundle"
    assert httpx.get(bundle).json()["code"] == "unauthenticated"
    assert httpx.get(bundle, headers={"Authorization": "Bearer vk_no"}).json()["code"] == "unknown_key"
    nowhere = httpx.get(f"{live.url}/api/v1/runtime/moon/bundle", headers={"Authorization": f"Bearer {key}"})
    assert nowhere.status_code == 404


def test_git_itself_finds_nothing_wrong(live, first):
    import subprocess

    for path in (live.data / "repos").glob("*.git"):
        done = subprocess.run(["git", "-C", path, "fsck", "--strict"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.replace("Checking object directories", "").strip()) == (0, ""), done.stderr
