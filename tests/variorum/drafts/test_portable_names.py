"""Names that Windows or macOS could not check out are refused on every way in; what is there already blocks nothing."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pygit2
import pytest

from tests.gitclient import Clone
from variorum.repos import git
from variorum.repos.places import path_of

REPLY, TWIN = "prompts/reply.prompt", "prompts/Reply.prompt"
BOTH = f"'{TWIN}' and '{REPLY}' differ only in capital and small letters"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sound")]


def land(team: Any, files: dict[str, str | None]) -> None:
    draft = team.open("mia", files)
    assert team.approve("olga", draft).status_code == 201
    assert team.merge("olga", draft).status_code == 200


def already(team: Any, *paths: str) -> None:
    """Files on main from before the rule."""
    olga = team.people["olga"]
    git.commit(
        path_of(team.project), "main", dict.fromkeys(paths, b"Hello\n"), message="Old",
        author=git.Author(olga.name, olga.email), expected_head=team.main(),
    )  # fmt: skip


def codes(answer: Any) -> list[tuple[str, str]]:
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_files"), answer.content
    return [(problem["path"], problem["code"]) for problem in answer.json()["problems"]]


def test_saves_and_renames(team: Any) -> None:
    land(team, {REPLY: "Hello\n"})
    draft = team.open()
    assert codes(team.save("eddie", draft, {TWIN: "Hi\n"})) == [(TWIN, "name_clash")]
    assert BOTH in team.save("eddie", draft, {TWIN: "Hi\n"}).json()["detail"]
    assert codes(team.save("eddie", draft, {"prompts/aux.prompt": "Hi\n"})) == [("prompts/aux.prompt", "reserved_name")]
    assert codes(team.save("eddie", draft, {"Prompts/x.prompt": "Hi\n"}))[0] == ("Prompts/x.prompt", "name_clash")
    assert codes(team.post("eddie", "/drafts", title="x", files={TWIN: "Hi\n"})) == [(TWIN, "name_clash")]
    assert team.save("eddie", draft, {TWIN: "Hi\n", REPLY: None}).status_code == 200


def test_an_import_of_prompts(team: Any) -> None:
    land(team, {REPLY: "Hello\n"})

    def bring(name: str) -> Any:
        given = {"system": "prompty", "files": [{"path": f"{name}.prompty", "text": "---\nname: x\n---\nuser:\nHi\n"}]}
        return team.post("eddie", "/prompt-imports", **given), team.post("eddie", "/prompt-imports/preview", **given)

    refused, _ = bring("Reply")
    assert codes(refused) == [(TWIN, "name_clash")]
    refused, shown = bring("nul")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_import")
    (prompt,) = shown.json()["prompts"]
    assert "is a name that Windows keeps for a device" in prompt["versions"][0]["failure"]


def test_two_drafts_that_each_add_one(team: Any) -> None:
    draft = team.open(files={REPLY: "Hello\n"})
    land(team, {TWIN: "Hello, too\n"})
    shown = team.show(draft)["mergeable"]
    assert shown["state"] == "problems"
    assert team.approve("olga", draft).status_code == 201
    before = team.main()
    assert codes(team.merge("olga", draft)) == [(REPLY, "name_clash")]
    update = team.post("eddie", f"/drafts/{draft['number']}/update", expected_head=draft["head_commit"])
    assert codes(update) == [(REPLY, "name_clash")]
    assert team.main() == before
    moved = team.save("eddie", draft, {REPLY: None, "prompts/answer.prompt": "Hello\n"}).json()
    assert team.show(moved)["mergeable"]["state"] == "clean"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (TWIN, f"{TWIN}:1: {BOTH}"),
        ("Prompts/b.prompt", "Prompts/b.prompt:1: 'Prompts' and 'prompts' differ only"),
        ("prompts/aux.prompt", "prompts/aux.prompt:1: 'aux.prompt' is a name that Windows keeps for a device"),
        ("prompts/COM1/x.prompt", "prompts/COM1/x.prompt:1: 'COM1' is a name that Windows keeps"),
    ],
)
def test_a_push(team: Any, clone: Callable[..., Clone], path: str, said: str) -> None:
    land(team, {REPLY: "Hello\n"})
    tree = clone()
    tree.commit({path: "Hello\n"})
    before = git.refs(path_of(team.project))
    done = tree.push("HEAD:refs/heads/change")
    assert done.code == 1
    assert said in done.out
    assert git.refs(path_of(team.project)) == before


def test_a_push_that_merges_main_by_hand(team: Any, clone: Callable[..., Clone]) -> None:
    tree = clone()
    tree.commit({REPLY: "Hello\n"})
    assert tree.push("HEAD:refs/heads/change").code == 0
    land(team, {TWIN: "Hello, too\n"})
    tree.git("pull", "-q", "--no-rebase", "--no-edit", "origin", "main")
    done = tree.push("HEAD:refs/heads/change")
    assert done.code == 1
    assert BOTH in done.out


def test_what_is_there_already_blocks_nothing(team: Any, clone: Callable[..., Clone]) -> None:
    already(team, REPLY, TWIN, "prompts/aux.prompt")
    tree = clone()
    tree.commit({"prompts/new.prompt": "Hello\n", "prompts/aux.prompt": "Changed\n"})
    assert tree.push("HEAD:refs/heads/change").code == 0
    draft = team.open(files={"prompts/other.prompt": "Hello\n", "prompts/_part.prompt": "Hi\n"})
    assert team.show(draft)["mergeable"]["state"] == "clean"
    saved = team.save("eddie", draft, {"prompts/aux.prompt": "Changed\n", TWIN: "Changed\n"})
    assert saved.status_code == 200
    gone = team.save("eddie", saved.json(), {"prompts/aux.prompt": None, "prompts/help.prompt": "Changed\n"})
    assert gone.status_code == 200
    assert codes(team.save("eddie", gone.json(), {"prompts/REPLY.prompt": "x\n"}))[0][1] == "name_clash"
    land(team, {"prompts/last.prompt": "Hello\n"})


def test_a_save_among_ten_thousand_files(tmp_path: Path) -> None:
    path, author = tmp_path / "large.git", git.Author("Ada", "ada@example.org")
    git.create(path, {"prompts/0.prompt": b"x"}, message="Start", author=author)
    start = git.resolve(path, "main")
    (entry,) = git.list_tree(path, start)
    blob = pygit2.Oid(hex=entry.oid)
    tree = git.write_tree(path, start, {f"prompts/{number % 50}/{number}.prompt": blob for number in range(10_000)})
    head = git.write_commit(path, tree, [start], message="Many", author=author)
    begun = time.process_time()
    assert git.names_after(path, head, {"prompts/new.prompt": b"x"}) == []
    assert time.process_time() - begun < 1.0
    begun = time.process_time()
    assert git.names_after(path, head, {"prompts/1/1.prompt": b"y"}) == []
    assert time.process_time() - begun < 0.2
