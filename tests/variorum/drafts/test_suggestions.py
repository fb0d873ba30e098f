"""Suggestions: made on lines, followed while the file goes on, taken up alone or together."""

from typing import Any

import pytest

from variorum.drafts.models import Comment
from variorum.events.models import Event, Notice
from variorum.repos import queries

pytestmark = pytest.mark.django_db
PATH = "prompts/triage.prompt"


def suggest(team: Any, name: str, line: int, text: str, **body: Any) -> Any:
    body = {"body": "", "path": PATH, "side": "new", "line": line, "suggestion": text, **body}
    response = team.post(name, "/drafts/1/comments", **body)
    assert response.status_code == 201, response.content
    return response.json()


def take(team: Any, name: str, *comments: Any) -> Any:
    return team.post(name, "/drafts/1/suggestions", comments=[comment["id"] for comment in comments])


def states(team: Any) -> list[str]:
    return [comment["suggestion_state"] for comment in team.get("vera", "/drafts/1/comments").json()["items"]]


def test_one_click_makes_it_a_commit_with_both_names(team: Any, draft: Any) -> None:
    made = suggest(team, "mia", 8, "Be kind and clear.\nBe brief.", end_line=9)
    assert (made["original"], made["suggestion_state"]) == ("Be very kind.\nBe short.", "open")
    saved = take(team, "eddie", made).json()
    assert "Sort the message.\nBe kind and clear.\nBe brief.\nAnswer" in team.text(PATH, saved["head_commit"])
    info = queries.commit_info(team.project, saved["head_commit"])
    assert (info.author_name, info.subject) == ("Eddie", "Apply a suggestion by Mia")
    assert info.body == "Co-authored-by: Mia <mia@example.org>"
    (comment,) = team.get("vera", "/drafts/1/comments").json()["items"]
    assert (comment["suggestion_state"], comment["applied_commit"]) == ("applied", saved["head_commit"])
    assert (comment["resolved_by_name"], saved["open_threads"]) == ("Eddie", 0)
    assert Event.objects.filter(kind="draft.suggestions_applied").count() == 1
    assert Notice.objects.filter(user=team.people["mia"], title__startswith="Eddie took up").count() == 1
    again = take(team, "eddie", made)
    assert (again.status_code, again.json()["code"]) == (409, "suggestion_applied")


def test_several_become_one_commit_wherever_they_stand(team: Any, draft: Any) -> None:
    first, second, third = (
        suggest(team, "mia", 7, "Sort it.\nThink first."),
        suggest(team, "olga", 10, ""),
        suggest(team, "mia", 12, "{{message}}!"),
    )
    saved = take(team, "eddie", third, first, second).json()
    text = team.text(PATH, saved["head_commit"]).partition("---\n")[2].partition("---\n")[2]
    assert text == "Sort it.\nThink first.\nBe very kind.\nBe short.\n\n{{message}}!\n"
    assert len(team.get("vera", "/drafts/1/commits").json()["items"]) == 2
    assert queries.commit_info(team.project, saved["head_commit"]).body.count("Co-authored-by") == 2


def test_it_follows_its_lines_and_is_outdated_when_they_change(team: Any, draft: Any) -> None:
    made = suggest(team, "mia", 9, "Be brief.")
    text = team.text(PATH, draft["head_commit"])
    moved = team.save("eddie", draft, {PATH: text.replace("Sort the", "Please\nsort the")}).json()
    assert states(team) == ["open"]
    changed = team.save("eddie", moved, {PATH: text.replace("Be short.", "Be quick.")}).json()
    assert states(team) == ["outdated"]
    refused = take(team, "eddie", made)
    assert (refused.status_code, refused.json()["code"]) == (409, "suggestion_stale")
    assert refused.json()["comments"] == [made["id"]]
    assert team.show(draft)["head_commit"] == changed["head_commit"]


def test_all_or_none(team: Any, draft: Any) -> None:
    fine, broken = suggest(team, "mia", 7, "Sort it."), suggest(team, "mia", 12, "{{mesage}}")
    refused = take(team, "eddie", fine, broken)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_files")
    over, lap = suggest(team, "mia", 8, "x", end_line=9), suggest(team, "olga", 9, "y")
    assert take(team, "eddie", over, lap).json()["code"] == "suggestions_overlap"
    assert team.show(draft)["head_commit"] == draft["head_commit"]
    assert not Comment.objects.exclude(applied_commit="").exists()


def test_a_last_line_without_an_end_stays_so(team: Any) -> None:
    draft = team.open("eddie", {"README.md": "one\ntwo\nthree"})
    place = {"path": "README.md"}
    made = [suggest(team, "mia", 2, "2\r\nand a half", **place), suggest(team, "mia", 3, "3", **place)]
    saved = take(team, "eddie", *made).json()
    assert queries.read_file(team.project, saved["head_commit"], "README.md") == b"one\n2\nand a half\n3"
    assert draft["number"] == 1


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"suggestion": "Be short.", "line": 9}, "suggestion"),
        ({"suggestion": "x", "line": 9, "side": "old"}, "suggestion"),
        ({"suggestion": "x", "line": 9, "end_line": 8}, "end_line"),
        ({"suggestion": "x", "line": 9, "end_line": 99}, "end_line"),
        ({"suggestion": "x"}, "end_line"),
        ({"suggestion": "x", "path": ""}, "path"),
        ({"body": ""}, "body"),
    ],
)
def test_suggestions_that_make_no_sense(team: Any, draft: Any, body: dict[str, Any], where: str) -> None:
    refused = team.post("mia", "/drafts/1/comments", **{"path": PATH, "side": "new", **body})
    assert (refused.status_code, refused.json()["errors"][0]["where"]) == (400, where)


def test_a_comment_without_one_cannot_be_taken_up(team: Any, draft: Any) -> None:
    said = team.post("mia", "/drafts/1/comments", body="Why?").json()
    assert take(team, "eddie", said).status_code == 404
    team.post("eddie", "/drafts/1/close")
    assert take(team, "eddie", said).json()["code"] == "draft_not_open"


def test_a_comment_is_taken_back_until_it_is_answered(team: Any, draft: Any) -> None:
    said = team.post("mia", "/drafts/1/comments", body="Why?").json()
    address = f"/api/v1/projects/support-desk/drafts/1/comments/{said['id']}"
    assert team.client("eddie").delete(address).json()["code"] == "not_yours"
    team.post("eddie", "/drafts/1/comments", body="Because.", parent=said["id"])
    assert team.client("mia").delete(address).json()["code"] == "has_answers"
    team.client("eddie").delete(f"{address.rpartition('/')[0]}/{said['id'] + 1}")
    assert team.client("mia").delete(address).status_code == 204
    assert team.get("vera", "/drafts/1/comments").json()["items"] == []
