"""Taking main into a draft, and deciding what both changed."""

import subprocess
from typing import Any

import pytest

from variorum.drafts.models import Draft
from variorum.repos import git, queries
from variorum.repos.places import path_of

pytestmark = pytest.mark.django_db
PATH = "prompts/triage.prompt"


def land(team: Any, files: dict[str, str | None], title: str = "Other") -> str:
    """Mia's draft, approved by Olga and merged; answers main."""
    other = team.open("mia", files, title=title)
    assert team.approve("olga", other).status_code == 201
    assert team.merge("olga", other).status_code == 200
    return str(team.main())


def edited(team: Any, *pairs: tuple[str, str], ref: str | None = None) -> str:
    text = str(team.text(PATH, ref))
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def resolution(team: Any, draft: Any) -> Any:
    return team.get("vera", f"/drafts/{draft['number']}/resolution").json()


def resolve(team: Any, draft: Any, files: Any, name: str = "eddie", **body: Any) -> Any:
    shown = resolution(team, draft)
    body = {"expected_head": shown["head"], "expected_main": shown["main"], **body}
    return team.post(name, f"/drafts/{draft['number']}/resolution", files=files, **body)


def update(team: Any, draft: Any, name: str = "eddie", **body: Any) -> Any:
    return team.post(name, f"/drafts/{draft['number']}/update", **{"expected_head": draft["head_commit"], **body})


@pytest.fixture
def clashing(team: Any, draft: Any) -> Any:
    """Eddie's draft, after main said something else in the same place and in another."""
    land(team, {PATH: edited(team, ("Be kind.", "Be funny."), ("Be short.", "Be brief."))})
    return draft


def fsck(team: Any) -> None:
    assert git.fsck(path_of(team.project)) == []


def test_edits_of_neighbouring_lines_merge(team: Any, draft: Any) -> None:
    land(team, {PATH: edited(team, ("Be short.", "Be brief."), ("smollm2-135m", "other"))})
    shown = team.show(draft)["mergeable"]
    assert (shown["state"], shown["behind"], resolution(team, draft)["files"]) == ("clean", 2, [])
    assert team.approve("mia", draft).status_code == 201
    assert team.merge("mia", draft).status_code == 200
    merged = edited(team)
    assert "model: local/other" in merged
    assert "Be very kind.\nBe brief." in merged
    fsck(team)


def test_updating_from_main_keeps_the_drafts_own_changes(team: Any, draft: Any) -> None:
    team.approve("mia", draft)
    land(team, {PATH: edited(team, ("Be short.", "Be brief.")), "README.md": "New.\n"})
    updated = update(team, draft)
    assert updated.status_code == 200, updated.content
    after = updated.json()
    assert (after["mergeable"]["behind"], after["base_commit"], after["paths"]) == (0, team.main(), [PATH])
    assert (after["approval_count"], after["may"]["merge"]) == (0, False)
    assert "Be very kind.\nBe brief." in team.text(PATH, after["head_commit"])
    (file,) = team.get("vera", "/drafts/1/diff").json()["files"]
    assert (file["path"], file["added"], file["removed"]) == (PATH, 1, 1)
    info = queries.commit_info(team.project, after["head_commit"])
    assert (info.author_name, info.subject, info.parents) == (
        "Eddie", "Merge main into draft #1", (draft["head_commit"], team.main()),
    )  # fmt: skip
    assert [each["sha"] for each in team.get("vera", "/drafts/1/commits").json()["items"]] == [
        after["head_commit"], draft["head_commit"],
    ]  # fmt: skip
    again = update(team, after)
    assert (again.status_code, again.json()["head_commit"]) == (200, after["head_commit"])
    fsck(team)


def test_a_draft_without_changes_of_its_own_follows_main(team: Any) -> None:
    empty = team.open("eddie")
    main = land(team, {"README.md": "New.\n"})
    assert update(team, empty).json()["head_commit"] == main
    assert team.get("vera", f"/drafts/{empty['number']}/diff").json()["files"] == []


def test_what_both_changed_is_shown_place_by_place(team: Any, clashing: Any) -> None:
    assert (team.show(clashing)["mergeable"]["state"], team.show(clashing)["mergeable"]["conflicts"]) == (
        "conflicts",
        [PATH],
    )
    refused = update(team, clashing)
    assert (refused.status_code, refused.json()["code"]) == (409, "merge_conflicts")
    (file,) = resolution(team, clashing)["files"]
    (unit,) = file["units"]
    assert (unit["kind"], unit["where"], unit["base"], unit["main"], unit["draft"]) == (
        "text", "user 1", "Be kind.\n", "Be funny.\n", "Be very kind.\n",
    )  # fmt: skip
    assert (unit["both"], unit["main_lines"]) == ("Be funny.\nBe very kind.\n", {"first": 8, "last": 8})
    assert [piece["unit"] for piece in file["pieces"]] == [None, 1, None]
    assert "Be brief." in file["pieces"][2]["text"]


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ({"units": {"1": {"pick": "main"}}}, "Be funny.\nBe brief."),
        ({"units": {"1": {"pick": "draft"}}}, "Be very kind.\nBe brief."),
        ({"units": {"1": {"pick": "both"}}}, "Be funny.\nBe very kind.\nBe brief."),
        ({"units": {"1": {"pick": "own", "text": "Be funny and kind.\n"}}}, "Be funny and kind.\nBe brief."),
        ({"units": {"1": {"pick": "own", "text": "Be funny and kind."}}}, "Be funny and kind.\nBe brief."),
        ({"text": "Only this.\n"}, "Only this.\n"),
    ],
)
def test_each_way_to_decide(team: Any, clashing: Any, decision: Any, expected: str) -> None:
    solved = resolve(team, clashing, {PATH: decision}, name="mia")
    assert solved.status_code == 200, solved.content
    after = solved.json()
    assert expected in team.text(PATH, after["head_commit"])
    assert after["mergeable"]["state"] == "clean"
    assert after["mergeable"]["conflicts"] == []
    info = queries.commit_info(team.project, after["head_commit"])
    assert (info.author_name, info.body) == ("Mia", f"Decided by hand:\n- {PATH}")
    assert info.parents == (clashing["head_commit"], team.main())
    fsck(team)


def test_solved_approved_merged_and_nothing_of_main_is_lost(team: Any, clashing: Any) -> None:
    team.approve("mia", clashing)
    solved = resolve(team, clashing, {PATH: {"units": {"1": {"pick": "both"}}}}).json()
    assert solved["approval_count"] == 0
    team.approve("mia", solved)
    assert team.merge("mia", solved).status_code == 200
    assert "Be funny.\nBe very kind.\nBe brief." in edited(team)


@pytest.mark.parametrize(
    ("files", "status", "code"),
    [
        ({}, 422, "undecided"),
        ({PATH: {"units": {}}}, 422, "undecided"),
        ({PATH: {"units": {"1": {"pick": "own", "text": "{{#if}}\n"}}}}, 422, "bad_files"),
        ({PATH: {"text": "---\nmodel: [\n---\n"}}, 422, "bad_files"),
        ({PATH: {"units": {"1": {"pick": "main"}, "2": {"pick": "main"}}}}, 422, "unknown_place"),
        ({PATH: {"units": {"1": {"pick": "main"}}}, "nope": {"text": "x"}}, 422, "unknown_place"),
        ({PATH: {"units": {"x": {"pick": "main"}}}}, 400, ""),
        ({PATH: {"units": {"1": {"pick": "theirs"}}}}, 400, ""),
        ({PATH: {"units": {"1": {"pick": "own", "text": 3}}}}, 400, ""),
        ({PATH: {"units": []}}, 400, ""),
        ({PATH: None}, 400, ""),
        ([], 400, ""),
    ],
)
def test_bad_decisions_change_nothing(team: Any, clashing: Any, files: Any, status: int, code: str) -> None:
    refused = resolve(team, clashing, files)
    assert refused.status_code == status, refused.content
    assert not code or refused.json()["code"] == code
    assert team.show(clashing)["head_commit"] == clashing["head_commit"]
    assert queries.head(team.project, "drafts/1") == clashing["head_commit"]


def test_decisions_about_older_versions_are_refused(team: Any, clashing: Any) -> None:
    shown = resolution(team, clashing)
    solution = {PATH: {"units": {"1": {"pick": "main"}}}}
    land(team, {PATH: edited(team, ("Be brief.", "Be terse."))}, title="Another")
    late = resolve(team, clashing, solution, expected_main=shown["main"])
    assert (late.status_code, late.json()["code"], late.json()["main"]) == (409, "main_changed", team.main())
    saved = team.save("mia", clashing, {"README.md": "x\n"}).json()
    late = resolve(team, clashing, solution, expected_head=shown["head"])
    assert (late.status_code, late.json()["code"], late.json()["head_commit"]) == (
        409,
        "draft_changed",
        saved["head_commit"],
    )
    assert resolve(team, clashing, solution).status_code == 200


def test_removed_here_and_changed_there(team: Any, draft: Any) -> None:
    land(team, {PATH: None})
    (file,) = resolution(team, draft)["files"]
    assert [(unit["kind"], unit["main"] is None, unit["draft"] is None) for unit in file["units"]] == [
        ("file", True, False)
    ]
    kept = resolve(team, draft, {PATH: {"units": {"1": {"pick": "both"}}}})
    assert (kept.status_code, kept.json()["code"]) == (422, "not_offered")
    gone = resolve(team, draft, {PATH: {"units": {"1": {"pick": "main"}}}}).json()
    assert gone["paths"] == []
    assert queries.read_files(team.project, gone["head_commit"], [PATH]) == {}


def test_two_sound_edits_whose_sum_is_not_fit_need_a_text(team: Any) -> None:
    own = edited(
        team,
        ("    message: string\n", "    message: string\n    tone: string\n"),
        ("{{message}}", "{{message}}\n\n{{tone}}"),
    )
    land(team, {PATH: own})
    draft = team.open(files={PATH: edited(team, ("Be kind.", "Be {{tone}}."))}, title="Toned")
    land(team, {PATH: edited(team, ("    tone: string\n", ""), ("\n\n{{tone}}", ""))}, title="Toneless")
    assert team.show(draft)["mergeable"]["state"] == "problems"
    (file,) = resolution(team, draft)["files"]
    assert (file["units"], [problem["code"] for problem in file["problems"]]) == ([], ["unknown_variable"])
    refused = update(team, draft)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_files")
    text = file["pieces"][0]["text"].replace("Be {{tone}}.", "Be warm.")
    solved = resolve(team, draft, {PATH: {"text": text}})
    assert (solved.status_code, solved.json()["mergeable"]["state"]) == (200, "clean")


def test_an_ended_draft_has_nothing_to_decide(team: Any, clashing: Any) -> None:
    team.post("eddie", "/drafts/1/close")
    assert resolution(team, clashing)["files"] == []
    for refused in (resolve(team, clashing, {}), update(team, clashing)):
        assert (refused.status_code, refused.json()["code"]) == (409, "draft_not_open")


def test_a_killed_update_is_taken_over(team: Any, draft: Any) -> None:
    """The branch moved, the row did not: the next look brings both in line, with main's changes not counted."""
    before = Draft.objects.get(number=1)
    land(team, {"README.md": "New.\n"})
    after = update(team, draft).json()
    Draft.objects.filter(pk=before.pk).update(
        head_commit=before.head_commit, base_commit=before.base_commit, paths=before.paths
    )
    again = update(team, after)
    assert (again.status_code, again.json()["head_commit"], again.json()["paths"]) == (
        200,
        after["head_commit"],
        [PATH],
    )
    assert again.json()["base_commit"] == team.main()


def test_fifty_files_are_previewed_and_merged_without_a_process(team: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"prompts/many/{number}.prompt" for number in range(50)]
    land(team, dict.fromkeys(names, edited(team)))
    draft = team.open(files=dict.fromkeys(names, edited(team, ("Be kind.", "Be nice."))), title="Many")
    land(team, dict.fromkeys(names, edited(team, ("Be short.", "Be brief."))), title="Others")
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", _no_process)
        assert team.show(draft)["mergeable"]["state"] == "clean"
        after = update(team, draft).json()
    assert len(after["paths"]) == 50
    assert team.text(names[7], after["head_commit"]) == edited(
        team, ("Be kind.", "Be nice."), ("Be short.", "Be brief.")
    )


def _no_process(*_arguments: object, **_options: object) -> None:
    raise AssertionError("a process was started")
