"""Comparisons, blame and the life of a message over HTTP."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.variorum.repos.conftest import TRIAGE
from variorum.accounts.models import Project, User
from variorum.repos import comparing, git, places, queries

pytestmark = pytest.mark.django_db
BASE = "/api/v1/projects/support-desk"
PATH = "prompts/triage.prompt"
Client = Callable[..., APIClient]
Save = Callable[..., str]

_started: list[str] = []
sys.addaudithook(lambda event, _: _started.append(event) if event in ("subprocess.Popen", "os.posix_spawn") else None)


@contextmanager
def no_process() -> Iterator[None]:
    """Fails when anything within starts a process."""
    before = len(_started)
    yield
    assert _started[before:] == []


def test_a_commit_says_what_follows(filled: str, save: Save, api: Client, owner: User) -> None:
    head = save({PATH: TRIAGE.replace("tone?: string", "tone: string").replace("Sort the", "Sort kindly the")})
    client = api(owner)
    with no_process():
        (file,) = client.get(f"{BASE}/commits/{head}?comparisons=1").json()["files"]
    found = file["comparison"]
    assert [one["message"] for one in found["consequences"]] == [
        "Variable `tone` is now required: callers that do not send it will fail."
    ]
    assert [(row["key"], row["old"], row["new"]) for row in found["rows"]] == [("tone", "text, optional", "text")]
    changed, same = found["passages"]
    assert (changed["role"], changed["new_lines"]) == ("system", [10, 11])
    assert [(span["kind"], span["text"]) for span in changed["spans"]] == [
        ("same", "Sort "), ("added", "kindly "), ("same", "the message."),
    ]  # fmt: skip
    assert same["state"] == "same"
    assert client.get(f"{BASE}/commits/{head}").json()["files"][0]["comparison"] is None
    alone = client.get(f"{BASE}/comparison?base={filled}&head=main&path={PATH}").json()
    assert alone == {"base": filled, "head": head, "comparison": found}


def test_from_nothing_and_between_branches(filled: str, api: Client, owner: User) -> None:
    answer = api(owner).get(f"{BASE}/comparison?head={filled}&path={PATH}").json()
    assert (answer["base"], answer["comparison"]["state"]) == (None, "added")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/comparison?head=main", 400), (f"/comparison?path={PATH}", 400), (f"/comparison?head=no&path={PATH}", 404),
        (f"/comparison?base=main&head=main&path={PATH}", 404), ("/blame", 400), ("/blame?path=no", 404),
        ("/blame?path=:(glob)**", 404), (f"/blame?path={PATH}&ref=no", 404), ("/blame?path=%00", 400),
        (f"/message-history?path={PATH}&message=3", 404), (f"/message-history?path={PATH}&message=x", 400),
        ("/message-history?path=no&message=1", 404),
    ],
)  # fmt: skip
def test_bad_questions_have_one_answer(filled: str, api: Client, owner: User, address: str, status: int) -> None:
    answer = api(owner).get(BASE + address)
    assert (answer.status_code, answer["content-type"]) == (status, "application/problem+json")


def test_many_files_are_compared_up_to_a_bound(save: Save, filled: str, api: Client, owner: User) -> None:
    head = save({f"prompts/p{i:02}.prompt": TRIAGE for i in range(comparing.MAX_FILES + 5)})
    files = api(owner).get(f"{BASE}/compare?base={filled}&head={head}&comparisons=1").json()["files"]
    assert [file["comparison"] is None for file in files] == [False] * comparing.MAX_FILES + [True] * 5
    last = files[-1]["path"]
    alone = api(owner).get(f"{BASE}/comparison?base={filled}&head={head}&path={last}").json()
    assert alone["comparison"]["path"] == last


def edit(save: Save, project: Project, old: str, new: str, **more: Any) -> str:
    head = queries.head(project)
    assert head is not None
    text = queries.read_file(project, head, PATH).decode()
    assert old in text
    return save({PATH: text.replace(old, new)}, **more)


def test_who_wrote_what(filled: str, save: Save, project: Project, api: Client, owner: User) -> None:
    head = edit(save, project, "Sort the message.", "Sort the message.\nBe kind.", message="Be kind")
    client = api(owner)
    answer = client.get(f"{BASE}/blame?path={PATH}").json()
    assert answer["lines"] == [
        {"first": 1, "last": 11, "sha": filled},
        {"first": 12, "last": 12, "sha": head},
        {"first": 13, "last": 14, "sha": filled},
    ]
    assert sorted(commit["sha"] for commit in answer["commits"]) == sorted([filled, head])
    found = [(one["role"], one["first"], one["last"], one["newest"]["sha"]) for one in answer["messages"]]
    assert found == [("system", 10, 12, head), ("user", 13, 14, filled)]
    with no_process(), CaptureQueriesContext(connection) as captured:
        assert client.get(f"{BASE}/blame?path={PATH}").json() == answer
    assert len(captured) == 5  # session, person, project, membership, repository
    save({"prompts/other.prompt": TRIAGE}, message="Another file")
    with no_process():
        assert client.get(f"{BASE}/blame?path={PATH}").json()["lines"] == answer["lines"]


def test_the_life_of_a_message(filled: str, save: Save, project: Project, api: Client, owner: User) -> None:
    kind = edit(save, project, "Sort the message.", "Sort the message kindly.", message="Be kind")
    edit(save, project, "temperature: 0", "temperature: 1", message="Warmer")
    edit(save, project, "{{message}}", "Message: {{message}}", message="Name it")
    edit(save, project, '{{role "system"}}', '{{role "user"}}\nAn example.\n{{role "system"}}', message="Example")
    short = edit(save, project, "Sort the message kindly.", "Sort the message kindly. Be short.", message="Be short")
    answer = api(owner).get(f"{BASE}/message-history?path={PATH}&message=2").json()
    assert [(step["change"], step["commit"]["sha"]) for step in answer["items"]] == [
        ("changed", short), ("changed", kind), ("added", filled),
    ]  # fmt: skip
    assert [span["text"] for span in answer["items"][0]["spans"] if span["kind"] == "added"] == [" Be short."]
    assert answer["more"] is False


def test_blame_follows_a_rename_and_packing_notes_changed_paths(save: Save, filled: str, project: Project) -> None:
    head = save({PATH: None, "prompts/sort.prompt": TRIAGE}, message="Rename")
    repository = places.path_of(project)
    assert {run.sha for run in git.blame(repository, head, "prompts/sort.prompt")} == {filled}
    git.handle.run_git(repository, "gc", "--quiet")
    git.pack(repository)
    assert b"BIDX" in (repository / "objects/info/commit-graph").read_bytes()[:256]
    assert git.fsck(repository) == []
