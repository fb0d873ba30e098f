"""Taking a merged change back, as a new draft."""

from typing import Any

import pytest

from tests.variorum.drafts.conftest import TRIAGE, Team
from variorum.drafts.models import Draft
from variorum.repos import git, queries
from variorum.repos.places import path_of

pytestmark = pytest.mark.django_db
PROMPT = "prompts/triage.prompt"


def merge(team: Team, title: str, files: dict[str, str | None]) -> Any:
    draft = team.open(files=files, title=title)
    return land(team, draft)


def land(team: Team, draft: Any) -> Any:
    team.approve("mia", draft)
    answer = team.merge("mia", draft)
    assert answer.status_code == 200, answer.content
    return answer.json()


def files_of(team: Team) -> dict[str, bytes]:
    return queries.read_files(team.project, team.main())


def test_a_merged_draft_is_taken_back_by_a_draft_and_nothing_else_moves(team: Team) -> None:
    before = files_of(team)
    kinder = merge(team, "Kinder", {PROMPT: TRIAGE.replace("Be kind.", "Be very kind."), "configs/a.yaml": "a: 1\n"})
    merge(team, "Shorter", {PROMPT: team.text(PROMPT).replace("with one word", "in one word")})
    main = team.main()
    seen = team.get("vera", f"/drafts/{kinder['number']}/revert").json()
    assert (seen["state"], seen["paths"], seen["title"]) == ("clean", ["configs/a.yaml", PROMPT], "Revert “Kinder”")
    answer = team.post("eddie", f"/drafts/{kinder['number']}/revert", why="Customers found it cloying.")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["title"], made["author_name"], made["state"]) == ("Revert “Kinder”", "Eddie", "open")
    assert made["description"].startswith("Customers found it cloying.\n\nTakes back draft [#1 “Kinder”](http")
    assert made["description"].endswith(f"/drafts/1).\n\nThis reverts commit {kinder['merged_commit']}.")
    assert (team.main(), made["base_commit"], made["mergeable"]["state"]) == (main, main, "clean")
    land(team, made)
    after = files_of(team)
    assert after.pop(PROMPT).decode() == TRIAGE.replace("with one word", "in one word")
    assert after == {path: text for path, text in before.items() if path != PROMPT}
    assert git.fsck(path_of(team.project)) == []


def test_reverting_a_revert_brings_it_back(team: Team) -> None:
    kinder = merge(team, "Kinder", {PROMPT: TRIAGE.replace("Be kind.", "Be very kind.")})
    kind = files_of(team)
    undone = land(team, team.post("eddie", f"/drafts/{kinder['number']}/revert").json())
    assert team.text(PROMPT) == TRIAGE
    again = team.post("eddie", f"/commits/{undone['merged_commit']}/revert").json()
    assert again["title"] == "Reapply “Kinder”"
    land(team, again)
    assert files_of(team) == kind


def test_nothing_to_take_back(team: Team) -> None:
    kinder = merge(team, "Kinder", {PROMPT: TRIAGE.replace("Be kind.", "Be very kind.")})
    first = team.post("eddie", f"/drafts/{kinder['number']}/revert").json()
    seen = team.get("vera", f"/commits/{kinder['merged_commit']}/revert").json()
    assert seen["earlier"] == [{"number": first["number"], "title": "Revert “Kinder”", "state": "open"}]
    land(team, first)
    assert team.get("vera", f"/drafts/{kinder['number']}/revert").json()["state"] == "nothing"
    refused = team.post("eddie", f"/drafts/{kinder['number']}/revert")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_revert")
    assert Draft.objects.filter(project=team.project).count() == 2


def test_what_changed_since_is_decided_in_the_draft(team: Team) -> None:
    first = TRIAGE.replace("Be kind.", "Be very kind.").replace("Be short.", "Be brief.")
    kinder = merge(team, "Kinder", {PROMPT: first, "configs/a.yaml": "a: 1\n"})
    merge(team, "Kindest", {PROMPT: first.replace("Be very kind.", "Be the kindest.")})
    main = team.main()
    assert team.get("vera", f"/drafts/{kinder['number']}/revert").json()["conflicts"] == [PROMPT]
    answer = team.post("eddie", f"/drafts/{kinder['number']}/revert", why="Too sweet.")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    commit = kinder["merged_commit"]
    assert (made["title"], made["reverts"], made["base_commit"]) == ("Revert “Kinder”", commit, commit)
    assert (made["mergeable"]["state"], made["mergeable"]["conflicts"]) == ("conflicts", [PROMPT])
    assert (made["paths"], team.main()) == (["configs/a.yaml", PROMPT], main)
    assert team.merge("mia", made).json()["code"] in ("merge_blocked", "merge_conflicts")

    seen = team.get("vera", f"/drafts/{made['number']}/resolution").json()
    ((file,),) = [seen["files"]]
    (unit,) = file["units"]
    sides = [unit[side].strip() for side in ("base", "main", "draft")]
    assert sides == ["Be very kind.", "Be the kindest.", "Be kind."]
    asked = {"expected_head": seen["head"], "expected_main": seen["main"]}
    place = f"/drafts/{made['number']}/resolution"
    assert team.post("eddie", place, files={}, **asked).json()["code"] == "undecided"
    own = {PROMPT: {"units": {"1": {"pick": "own", "text": "Be {{tone}}.\n"}}}}
    assert team.post("eddie", place, files=own, **asked).json()["code"] == "bad_files"
    solved = team.post("eddie", place, files={PROMPT: {"units": {"1": {"pick": "draft"}}}}, **asked).json()
    assert (solved["mergeable"]["state"], solved["base_commit"]) == ("clean", main)
    land(team, solved)
    assert team.text(PROMPT) == TRIAGE
    assert "configs/a.yaml" not in files_of(team)
    seen = team.get("vera", f"/commits/{commit}/revert").json()
    assert seen["earlier"] == [{"number": made["number"], "title": "Revert “Kinder”", "state": "merged"}]
    assert git.fsck(path_of(team.project)) == []


def test_a_file_removed_since_is_decided_too(team: Team) -> None:
    kinder = merge(team, "Kinder", {PROMPT: TRIAGE.replace("Be kind.", "Be very kind.")})
    merge(team, "Drop it", {PROMPT: None})
    made = team.post("eddie", f"/commits/{kinder['merged_commit']}/revert").json()
    seen = team.get("vera", f"/drafts/{made['number']}/resolution").json()
    (unit,) = seen["files"][0]["units"]
    assert (unit["kind"], unit["main"], unit["draft"]) == ("file", None, TRIAGE)


def test_what_later_files_need_is_not_taken_away(team: Team) -> None:
    partial = merge(team, "Add a partial", {"prompts/_tone.prompt": "Be kind.\n"})
    merge(team, "Use it", {PROMPT: TRIAGE.replace("Be kind.", "{{> tone}}")})
    refused = team.post("eddie", f"/drafts/{partial['number']}/revert")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_files")
    assert refused.json()["detail"].startswith("Something that came later needs this change. prompts/triage.prompt")
    assert Draft.objects.filter(project=team.project).count() == 2


def test_what_cannot_be_taken_back(team: Team) -> None:
    open_one = team.open(files={"README.md": "hi\n"})
    cases = {
        f"/drafts/{open_one['number']}/revert": (409, "draft_not_merged"),
        f"/commits/{open_one['head_commit']}/revert": (409, "not_on_main"),
        "/commits/nothing/revert": (404, "not_found"),
        f"/commits/{queries.log(team.project, 'main')[-1].sha}/revert": (409, "nothing_before"),
    }
    for path, expected in cases.items():
        for answer in (team.post("eddie", path), team.get("vera", path)):
            assert (answer.status_code, answer.json()["code"]) == expected
    assert team.post("vera", "/commits/main/revert").status_code == 403
