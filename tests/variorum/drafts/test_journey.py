"""From a suggestion to main, over HTTP."""

from typing import Any

import pytest

from variorum.events.models import Event, Notice
from variorum.repos import git, places, queries

pytestmark = pytest.mark.django_db


def test_draft_review_merge(team: Any) -> None:
    text = team.text("prompts/triage.prompt")
    draft = team.open("eddie", {"prompts/triage.prompt": text.replace("kind", "very kind")}, title="Kinder triage")
    assert (draft["number"], draft["state"], draft["branch"]) == (1, "open", "drafts/1")
    assert (draft["base_commit"], draft["paths"]) == (team.main(), ["prompts/triage.prompt"])
    assert draft["mergeable"]["state"] == "clean"
    assert [each["code"] for each in draft["blockers"]] == ["approvals_missing"]
    assert draft["may"] == {
        "comment": True, "save": True, "approve": False, "request_changes": False, "merge": False, "close": True,
        "reopen": False,
    }  # fmt: skip

    (file,) = team.get("vera", "/drafts/1/diff").json()["files"]
    changed = [(line["kind"], line["text"]) for line in file["hunks"][0]["lines"] if line["kind"] != "context"]
    assert changed == [("removed", "Be kind."), ("added", "Be very kind.")]

    remark = team.post("mia", "/drafts/1/comments", body="Too kind?", path="prompts/triage.prompt", line=8).json()
    assert (remark["current"], remark["commit"]) == ({"path": "prompts/triage.prompt", "line": 8}, draft["head_commit"])
    team.post("eddie", "/drafts/1/comments", body="Not for refunds.", parent=remark["id"])
    assert team.patch("mia", f"/drafts/1/comments/{remark['id']}", resolved=True).json()["resolved_by_name"] == "Mia"

    approved = team.approve("mia", draft)
    assert approved.status_code == 201
    assert (approved.json()["blockers"], approved.json()["may"]["merge"]) == ([], True)
    merged = team.merge("mia", draft).json()
    assert (merged["state"], merged["merged_commit"], merged["ended_by_name"]) == ("merged", team.main(), "Mia")
    assert "Be very kind." in team.text("prompts/triage.prompt")

    info = queries.commit_info(team.project, team.main())
    assert (info.subject, info.author_name) == ("Merge draft #1: Kinder triage", "Mia")
    assert info.parents == (draft["base_commit"], draft["head_commit"])
    (author,) = {info.author_name for info in queries.log(team.project, "main", "prompts/triage.prompt", limit=1)}
    assert author == "Eddie"
    kinds = list(Event.objects.filter(subject_kind="draft").order_by("pk").values_list("kind", flat=True))
    assert kinds == [
        "draft.opened", "draft.saved", "draft.commented", "draft.commented", "draft.thread_resolved", "draft.approved",
        "draft.merged",
    ]  # fmt: skip
    titles = list(Notice.objects.filter(user=team.people["eddie"]).order_by("pk").values_list("title", flat=True))
    assert titles == ["Mia commented on draft #1: Kinder triage", "Mia approved draft #1", "Mia merged draft #1"]
    assert git.fsck(places.path_of(team.project)) == []


def test_disjoint_edits_of_one_file_both_land(team: Any) -> None:
    text = team.text("prompts/triage.prompt")
    one = team.open("eddie", {"prompts/triage.prompt": text.replace("Be kind.", "Be very kind.")})
    two = team.open("eddie", {"prompts/triage.prompt": text.replace("{{message}}", "Message: {{message}}")})
    for draft in (one, two):
        assert team.approve("mia", draft).status_code == 201
        assert team.merge("mia", draft).status_code == 200
    assert "Be very kind." in team.text("prompts/triage.prompt")
    assert "Message: {{message}}" in team.text("prompts/triage.prompt")


def test_a_conflict_is_refused_with_all_sides(team: Any) -> None:
    text = team.text("prompts/triage.prompt")
    one, two = (team.open("eddie", {"prompts/triage.prompt": text.replace("kind", word)}) for word in ("warm", "cold"))
    for draft in (one, two):
        team.approve("mia", draft)
    assert team.merge("mia", one).status_code == 200
    refused = team.merge("mia", two)
    assert (refused.status_code, refused.json()["code"]) == (409, "merge_conflicts")
    expected = {
        "path": "prompts/triage.prompt",
        "base": text,
        "ours": text.replace("kind", "warm"),
        "theirs": text.replace("kind", "cold"),
    }
    assert refused.json()["conflicts"] == [expected]
    assert team.get("vera", "/drafts/2/conflicts").json()["items"] == [expected]
    assert team.show(two)["mergeable"]["state"] == "conflicts"
    assert team.show(two)["may"]["merge"] is False
    assert "Be warm." in team.text("prompts/triage.prompt")

    # Saving both changes in the draft does not help as long as its branch began before the other change:
    # a fresh draft on top of main does.
    again = team.open("eddie", {"prompts/triage.prompt": text.replace("kind", "warm and cold")}, title="Both")
    team.approve("mia", again)
    assert team.merge("mia", again).status_code == 200


def test_the_sum_of_two_fit_edits_may_not_be_fit(team: Any) -> None:
    both = {"prompts/_tone.prompt": "Be kind.", "prompts/a.prompt": "{{>tone}} Hi"}
    first = team.open("eddie", both)
    team.approve("mia", first)
    assert team.merge("mia", first).status_code == 200
    removes = team.open("eddie", {"prompts/_tone.prompt": None, "prompts/a.prompt": "Hi"})
    uses = team.open("eddie", {"prompts/b.prompt": "{{>tone}} Ho"})
    for draft in (removes, uses):
        team.approve("mia", draft)
    assert team.merge("mia", removes).status_code == 200
    assert team.show(uses)["mergeable"]["problems"][0]["code"] == "missing_partial"
    refused = team.merge("mia", uses)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_files")


def test_nothing_to_merge(team: Any) -> None:
    draft = team.open("eddie")
    assert draft["mergeable"]["state"] == "nothing"
    team.approve("mia", draft)
    assert team.merge("mia", draft).json()["errors"][0]["code"] == "nothing_to_merge"


def test_close_and_reopen(team: Any, draft: Any) -> None:
    closed = team.post("eddie", "/drafts/1/close").json()
    assert (closed["state"], closed["ended_by_name"], closed["may"]["reopen"]) == ("closed", "Eddie", True)
    assert team.save("eddie", draft, {"README.md": "x"}).json()["code"] == "draft_not_open"
    assert team.approve("mia", draft).json()["code"] == "draft_not_open"
    assert team.merge("mia", draft).json()["code"] == "draft_not_open"
    assert team.post("mia", "/drafts/1/close").json()["code"] == "draft_not_open"
    assert team.post("mia", "/drafts/1/reopen").json()["state"] == "open"
    assert team.post("mia", "/drafts/1/reopen").json()["code"] == "draft_not_closed"
    assert team.save("eddie", draft, {"README.md": "x"}).status_code == 200


def test_an_api_key_may_draft_but_not_approve(team: Any, make_key: Any, api: Any) -> None:
    client = api(key=make_key("admin"))
    base = "/api/v1/projects/support-desk/drafts"
    draft = client.post(base, {"title": "By a script", "files": {"README.md": "hi"}}).json()
    assert draft["author_name"] == "Olga (test key)"
    verdict = {"verdict": "approve", "commit": draft["head_commit"]}
    assert client.post(f"{base}/1/approvals", verdict).json()["code"] == "person_needed"
    team.approve("mia", draft)
    assert client.post(f"{base}/1/merge", {"expected_head": draft["head_commit"]}).json()["state"] == "merged"
