"""Saves, stale saves and everything that is refused."""

from typing import Any

import pytest

from variorum.drafts.models import Draft
from variorum.repos import queries

pytestmark = pytest.mark.django_db
PATH = "prompts/triage.prompt"


def test_a_stale_save_is_refused_with_the_others_content_and_difference(team: Any, draft: Any) -> None:
    theirs = team.text(PATH).replace("Be kind.", "Be funny.")
    assert team.save("mia", draft, {PATH: theirs, "README.md": "also this"}).status_code == 200
    refused = team.save("eddie", draft, {PATH: "mine"})
    assert (refused.status_code, refused.json()["code"]) == (409, "stale_save")
    problem = refused.json()
    assert (problem["saved_by"], problem["other_files"]) == ("Mia", ["README.md"])
    (file,) = problem["files"]
    assert (file["path"], file["theirs"]) == (PATH, theirs)
    changed = [(line["kind"], line["text"]) for line in file["diff"]["hunks"][0]["lines"] if line["kind"] != "context"]
    assert changed == [("removed", "Be very kind."), ("added", "Be funny.")]
    assert team.text(PATH, problem["head_commit"]) == theirs
    assert team.save("eddie", draft, {PATH: "mine"}, expected_head=problem["head_commit"]).status_code == 200


def test_a_repeated_save_is_harmless(team: Any, draft: Any) -> None:
    first = team.save("eddie", draft, {"README.md": "x"}).json()
    again = team.save("eddie", draft, {"README.md": "x"})
    assert (again.status_code, again.json()["head_commit"]) == (200, first["head_commit"])
    same = team.save("eddie", first, {"README.md": "x"}).json()
    assert same["head_commit"] == first["head_commit"]
    assert len(team.get("vera", "/drafts/1/commits").json()["items"]) == 2


@pytest.mark.parametrize(
    ("files", "status", "where"),
    [
        ({PATH: "---\nmodel: [\n---\n"}, 422, f"{PATH}:"),
        ({"prompts/new.prompt": "{{#if}}"}, 422, "prompts/new.prompt:1"),
        ({"notes.txt": "x"}, 422, "notes.txt:1:1"),
        ({"../x": "x"}, 422, "../x"),
        ({".git/config": "x"}, 422, ".git/config"),
        ({f"prompts/{'x' * 500}.prompt": "x"}, 422, ""),
        ({PATH: 3.5e300}, 400, "files"),
        ({PATH: ["x"]}, 400, "files"),
        ({PATH: "x" * (2**20 + 1)}, 400, "files"),
        ({f"prompts/{i}.prompt": "x" for i in range(501)}, 422, ""),
        ({}, 400, ""),
        ("x", 400, "files"),
    ],
)
def test_unfit_saves_are_refused_and_nothing_is_written(
    team: Any, draft: Any, files: Any, status: int, where: str
) -> None:
    refused = team.save("eddie", draft, files)
    assert refused.status_code == status, refused.content
    errors = refused.json()["errors"] or [{"where": ""}]
    assert errors[0]["where"].startswith(where)
    assert team.show(draft)["head_commit"] == draft["head_commit"]


def test_unfit_files_open_no_draft(team: Any) -> None:
    refused = team.post("eddie", "/drafts", title="Bad", files={"prompts/a.prompt": "{{#if}}"})
    assert (refused.status_code, refused.json()["problems"][0]["path"]) == (422, "prompts/a.prompt")
    assert not Draft.objects.exists()
    assert queries.head(team.project, "drafts/1") is None
    assert team.post("eddie", "/drafts", title="x", base="nope").status_code == 404
    assert team.post("eddie", "/drafts", title="").status_code == 400


def test_renaming_and_deleting(team: Any, draft: Any) -> None:
    renamed = team.save("eddie", draft, {}, renames={PATH: "prompts/sort.prompt"}).json()
    assert renamed["paths"] == ["prompts/sort.prompt", PATH]
    (file,) = team.get("vera", "/drafts/1/diff").json()["files"]
    assert (file["status"], file["old_path"], file["path"]) == ("renamed", PATH, "prompts/sort.prompt")
    assert team.save("eddie", renamed, {}, renames={"nope": "x"}).status_code == 404
    taken = team.save("eddie", renamed, {}, renames={"prompts/sort.prompt": "README.md"})
    assert (taken.status_code, taken.json()["code"]) == (422, "name_taken")
    gone = team.save("eddie", renamed, {"prompts/sort.prompt": None}).json()
    assert gone["paths"] == [PATH]


def test_title_and_description_have_a_version(team: Any, draft: Any) -> None:
    changed = team.patch("mia", "/drafts/1", title="Kindest", version=1).json()
    assert (changed["title"], changed["version"]) == ("Kindest", 2)
    stale = team.patch("eddie", "/drafts/1", description="Why", version=1)
    assert (stale.status_code, stale.json()["code"], stale.json()["current"]["title"]) == (
        409,
        "stale_version",
        "Kindest",
    )


def test_an_orphaned_branch_does_not_stand_in_the_way(team: Any) -> None:
    from variorum.repos import services as repository

    repository.start_branch(project=team.project, ref="drafts/1", commit=team.main())
    assert team.open("eddie", {"README.md": "x"})["number"] == 1
