"""Verdicts, checks, conversation."""

from typing import Any

import pytest

from variorum.accounts.access import Actor
from variorum.accounts.models import Membership
from variorum.drafts import services

pytestmark = pytest.mark.django_db
PATH = "prompts/triage.prompt"


def codes(shown: Any) -> list[str]:
    return [blocker["code"] for blocker in shown["blockers"]]


def test_nobody_approves_their_own_draft_where_another_could(team: Any) -> None:
    own = team.open("mia", {"README.md": "x"})
    assert own["may"]["approve"] is False
    assert team.approve("mia", own).json()["code"] == "self_approval"
    assert team.approve("olga", own).status_code == 201


def test_who_works_alone_approves_alone(team: Any) -> None:
    Membership.objects.filter(user=team.people["mia"]).delete()
    own = team.open("olga", {"README.md": "x"})
    assert own["may"]["approve"] is True
    assert team.merge("olga", own).json()["code"] == "merge_blocked"
    assert team.approve("olga", own).status_code == 201
    assert team.merge("olga", own).status_code == 200


def test_an_approval_holds_for_the_version_that_was_seen(team: Any, draft: Any) -> None:
    team.approve("mia", draft)
    newer = team.save("eddie", draft, {"README.md": "more"}).json()
    assert codes(newer) == ["approvals_missing"]
    stale = team.approve("olga", draft)
    assert (stale.status_code, stale.json()["code"]) == (409, "draft_changed")
    assert team.merge("mia", draft).json()["code"] == "draft_changed"
    assert codes(team.approve("olga", newer).json()) == []


def test_requested_changes_hold_until_their_author_thinks_otherwise(team: Any, draft: Any) -> None:
    team.approve("mia", draft, "request_changes")
    assert codes(team.approve("olga", draft).json()) == ["changes_requested"]
    newer = team.save("eddie", draft, {"README.md": "more"}).json()
    assert codes(newer) == ["changes_requested", "approvals_missing"]
    assert codes(team.approve("mia", newer).json()) == []
    verdicts = team.get("vera", "/drafts/1/approvals").json()["items"]
    assert [(each["author"]["name"], each["verdict"]) for each in verdicts] == [
        ("Mia", "approve"), ("Olga", "approve"), ("Mia", "request_changes"),
    ]  # fmt: skip


def test_who_left_neither_approves_nor_blocks(team: Any, draft: Any) -> None:
    team.approve("mia", draft, "request_changes")
    Membership.objects.filter(user=team.people["mia"]).delete()
    assert codes(team.show(draft)) == ["approvals_missing"]


def test_two_approvals_where_the_project_wants_two(team: Any, draft: Any) -> None:
    team.client("olga").patch("/api/v1/projects/support-desk", {"required_approvals": 2})
    assert team.approve("mia", draft).json()["blockers"][0]["detail"].startswith("1 more approval")
    assert codes(team.approve("olga", draft).json()) == []


@pytest.mark.parametrize("state", ["pending", "fail", "inconclusive", None])
def test_a_required_check_must_pass(team: Any, draft: Any, state: str | None, actor: Actor) -> None:
    services.require_check(project=team.project, actor=actor, name="quality", path="prompts")
    team.approve("mia", draft)
    if state:
        services.set_check(project=team.project, commit=draft["head_commit"], name="quality", state=state)
    refused = team.merge("mia", draft).json()
    assert (refused["code"], refused["errors"][0]["code"]) == ("merge_blocked", "check_missing")
    services.set_check(
        project=team.project, commit=draft["head_commit"], name="quality", state="pass", summary="12 of 12"
    )
    (check,) = team.get("vera", f"/checks?commit={draft['head_commit']}").json()["items"]
    assert (check["state"], check["summary"]) == ("pass", "12 of 12")
    assert team.show(draft)["check_state"] == "pass"
    assert team.merge("mia", draft).status_code == 200


def test_a_required_check_of_another_file_does_not_matter(team: Any, draft: Any, actor: Actor) -> None:
    services.require_check(project=team.project, actor=actor, name="other", path="prompts/reply.prompt")
    services.require_check(project=team.project, actor=actor, name="gone")
    services.require_check(project=team.project, actor=actor, name="gone", required=False)
    assert team.show(draft)["required_checks"] == []


def test_a_remark_follows_its_line(team: Any, draft: Any) -> None:
    def say(**place: Any) -> Any:
        return team.post("mia", "/drafts/1/comments", body="?", path=PATH, **place).json()

    kind, message, old = say(line=8), say(line=12), say(line=8, side="old")
    text = team.text(PATH, draft["head_commit"])
    newer = team.save(
        "eddie", draft, {PATH: text.replace("Sort", "Please\nsort").replace("Be very kind.\n", "")}
    ).json()
    comments = team.get("vera", "/drafts/1/comments").json()["items"]
    assert [comment["current"] for comment in comments] == [
        None, {"path": PATH, "line": message["line"]}, {"path": PATH, "line": 8},
    ]  # fmt: skip
    team.save("eddie", newer, {}, renames={PATH: "prompts/sort.prompt"})
    comments = team.get("vera", "/drafts/1/comments").json()["items"]
    assert comments[1]["current"] == {"path": "prompts/sort.prompt", "line": 12}
    assert (kind["side"], old["side"], old["commit"]) == ("new", "old", draft["base_commit"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"body": ""}, 400), ({"body": "x", "path": "nope", "line": 1}, 404), ({"body": "x", "parent": 99}, 404),
        ({"body": "x", "path": PATH, "line": 99}, 400), ({"body": "x", "path": PATH, "line": 0}, 400),
        ({"body": "x", "path": PATH, "side": "left"}, 400), ({"body": "x", "path": PATH, "commit": "main^"}, 404),
        ({"body": "x" * 20_001}, 400), ({"body": "x", "path": PATH, "line": 10**30}, 400),
    ],
)  # fmt: skip
def test_remarks_that_make_no_sense(team: Any, draft: Any, body: dict[str, Any], status: int) -> None:
    assert team.post("mia", "/drafts/1/comments", **body).status_code == status


def test_only_its_author_corrects_a_remark(team: Any, draft: Any) -> None:
    made = team.post("eddie", "/drafts/1/comments", body="teh").json()
    address = f"/drafts/1/comments/{made['id']}"
    assert team.patch("mia", address, body="mine now").json()["code"] == "not_yours"
    assert team.patch("eddie", address, body="the").json()["edited_at"] is not None
    reply = team.post("mia", "/drafts/1/comments", body="ok", parent=made["id"]).json()
    assert team.patch("mia", f"/drafts/1/comments/{reply['id']}", resolved=True).json()["code"] == "not_a_thread"
    assert team.show(draft)["open_threads"] == 1
    team.patch("mia", address, resolved=True)
    assert (team.show(draft)["open_threads"], team.show(draft)["comment_count"]) == (0, 2)
    assert team.patch("mia", address, resolved=False).json()["resolved_at"] is None
