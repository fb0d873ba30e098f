"""Who may do what, and what pages cost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db
SHA = "0" * 40
# (method, address, body, the least role that is let in; then what an authorised caller may get)
ENDPOINTS = [
    ("get", "/drafts", {}, "viewer"),
    ("post", "/drafts", {"title": "x"}, "editor"),
    ("get", "/drafts/1", {}, "viewer"),
    ("patch", "/drafts/1", {"version": 1}, "editor"),
    ("get", "/drafts/1/diff", {}, "viewer"),
    ("get", "/drafts/1/commits", {}, "viewer"),
    ("post", "/drafts/1/files", {"files": {"README.md": "x"}, "expected_head": SHA}, "editor"),
    ("get", "/drafts/1/conflicts", {}, "viewer"),
    ("get", "/drafts/1/resolution", {}, "viewer"),
    ("post", "/drafts/1/resolution", {"expected_head": SHA, "expected_main": SHA, "files": {}}, "editor"),
    ("post", "/drafts/1/update", {"expected_head": SHA}, "editor"),
    ("post", "/drafts/1/merge", {"expected_head": SHA}, "maintainer"),
    ("post", "/drafts/1/close", {}, "editor"),
    ("post", "/drafts/1/reopen", {}, "editor"),
    ("get", "/drafts/1/comments", {}, "viewer"),
    ("post", "/drafts/1/comments", {"body": "x"}, "editor"),
    ("patch", "/drafts/1/comments/1", {"body": "x"}, "editor"),
    ("get", "/drafts/1/approvals", {}, "viewer"),
    ("post", "/drafts/1/approvals", {"verdict": "approve", "commit": SHA}, "maintainer"),
    ("get", "/drafts/1/texts", {}, "viewer"),
    ("post", "/drafts/1/texts", {"path": "prompts/triage.prompt"}, "editor"),
    ("get", "/drafts/1/texts/1", {}, "viewer"),
    ("post", "/drafts/1/texts/1", {"update": "AAA="}, "editor"),
    ("post", "/drafts/1/texts/save", {}, "editor"),
    ("post", "/drafts/1/texts/discard", {"paths": ["x"]}, "editor"),
    ("get", "/drafts/1/presence", {}, "viewer"),
    ("post", "/drafts/1/presence", {"page": "0" * 32}, "viewer"),
    ("get", "/checks?commit=main", {}, "viewer"),
    ("delete", "/drafts/1/comments/1", {}, "editor"),
    ("post", "/drafts/1/suggestions", {"comments": [1]}, "editor"),
    ("post", "/drafts/1/reviewers", {"users": [1]}, "editor"),
    ("delete", "/drafts/1/reviewers/1", {}, "editor"),
    ("get", "/reviews", {}, "viewer"),
    ("get", "/owners?path=README.md", {}, "viewer"),
    ("get", "/approval-rules", {}, "viewer"),
    ("post", "/approval-rules", {"pattern": "*", "role": "editor"}, "owner"),
    ("put", "/approval-rules/1", {"pattern": "*", "role": "editor"}, "owner"),
    ("delete", "/approval-rules/1", {}, "owner"),
    ("get", "/required-checks", {}, "viewer"),
    ("post", "/required-checks", {"name": "x"}, "owner"),
    ("delete", "/required-checks/1", {}, "owner"),
]
BASE = "/api/v1/projects/support-desk"


@pytest.mark.parametrize(("method", "address", "body", "least"), ENDPOINTS)
def test_every_door(
    team: Any, draft: Any, stranger: Any, api: Callable[..., Any], method: str, address: str, body: Any, least: str
) -> None:
    def status(user: Any) -> int:
        return int(getattr(api(user), method)(BASE + address, body).status_code)

    assert status(None) == 401
    assert status(stranger) == 404
    ranks = ["viewer", "editor", "maintainer", "owner"]
    for name, role in zip(("vera", "eddie", "mia", "olga"), ranks, strict=True):
        if ranks.index(role) < ranks.index(least):
            assert status(team.people[name]) == 403
        else:
            assert status(team.people[name]) not in (401, 403, 500)


def test_numbers_and_projects_that_are_not_there(team: Any, draft: Any) -> None:
    for address in ("/drafts/99", "/drafts/1/comments/99", f"/drafts/{'9' * 30}"):
        response = team.patch("eddie", address, version=1, body="x")
        assert response.status_code == 404, address
    for query in ("state=nope", "limit=0", "cursor=x"):
        assert team.get("vera", f"/drafts?{query}").status_code == 400


def test_an_editor_does_not_close_anothers_draft(team: Any) -> None:
    draft = team.open("mia", {"README.md": "x"})
    assert team.post("eddie", f"/drafts/{draft['number']}/close").status_code == 403
    assert team.post("olga", f"/drafts/{draft['number']}/close").status_code == 200


def test_the_list_costs_the_same_however_long_it_is(team: Any) -> None:
    def cost() -> int:
        client = team.client("vera")
        client.get(f"{BASE}/drafts")
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"{BASE}/drafts").status_code == 200
        return len(captured)

    team.approve("mia", team.open("eddie", {"README.md": "0"}))
    one = cost()
    for i in range(4):
        team.approve("mia", team.open("eddie", {"README.md": str(i + 1)}))
    # session, person, project, membership, drafts, rules, members, verdicts, who wrote, checks, required checks
    assert (one, cost()) == (11, 11)


def test_a_draft_of_fifty_files_runs_no_git_process(team: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    files: dict[str, str | None] = {f"prompts/p{i}.prompt": f"Hello {i}" for i in range(50)}
    draft = team.open("eddie", files)
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    client = team.client("vera")
    client.get(f"{BASE}/drafts/1")
    with CaptureQueriesContext(connection) as captured:
        for part in ("", "/diff", "/comments", "/commits"):
            assert client.get(f"{BASE}/drafts/{draft['number']}{part}").status_code == 200
    # The page: 12 queries for the draft, 6 for its difference, 7 for the conversation, 6 for its versions.
    assert len(captured) <= 32
    assert len(client.get(f"{BASE}/drafts/1/diff").json()["files"]) == 50


def test_filters_and_pages(team: Any) -> None:
    for i in range(5):
        team.open("eddie" if i % 2 else "mia", {f"prompts/{i}.prompt": "x"}, title=f"d{i}")
    team.post("mia", "/drafts/1/close")

    def titles(query: str) -> list[str]:
        return [item["title"] for item in team.get("vera", f"/drafts?{query}").json()["items"]]

    assert titles("") == ["d4", "d3", "d2", "d1"]
    assert titles("state=closed") == ["d0"]
    assert titles("state=all&author=mia@example.org") == ["d4", "d2", "d0"]
    assert titles("path=prompts/3.prompt") == ["d3"]
    page = team.get("vera", "/drafts?limit=3").json()
    assert titles(f"limit=3&cursor={page['next']}") == ["d1"]
