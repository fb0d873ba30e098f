"""Tags: real annotated Git tags with notes, made once, never moved."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from variorum.accounts.access import Actor
from variorum.accounts.models import Project, User
from variorum.events.models import Event
from variorum.lib.errors import Conflict, NotFound, Unprocessable
from variorum.repos import git, queries, tags
from variorum.repos.places import path_of

pytestmark = pytest.mark.django_db
BASE = "/api/v1/projects/support-desk"
Client = Callable[..., APIClient]
Save = Callable[..., str]


def run_git(path: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(path), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_tag_is_an_annotated_tag_that_git_itself_reads(project: Project, actor: Actor, filled: str) -> None:
    made = tags.create_tag(
        project=project, actor=actor, name="v1", notes="First.\n\n- Kinder, für Anna\n# not a comment"
    )
    path = path_of(project)
    assert run_git(path, "cat-file", "-t", "v1") == "tag"
    assert run_git(path, "rev-parse", "v1^{commit}") == filled == made.commit
    assert (
        run_git(path, "for-each-ref", "--format=%(taggername) %(taggeremail)", "refs/tags") == "Olga <olga@example.org>"
    )
    assert run_git(path, "for-each-ref", "--format=%(contents)", "refs/tags") == made.notes
    assert made.notes == "First.\n\n- Kinder, für Anna\n# not a comment"
    assert git.fsck(path) == []


def test_a_tag_names_its_commit_wherever_a_commit_can_be_named(
    project: Project, actor: Actor, filled: str, save: Save, owner: User, api: Client
) -> None:
    tags.create_tag(project=project, actor=actor, name="v1.0", ref=filled[:9])
    later = save({"README.md": "new\n"})
    assert [queries.resolve(project, name) for name in ("v1.0", "refs/tags/v1.0")] == [filled, filled]
    assert queries.resolve(project, "refs/heads/main") == later
    client = api(owner)
    assert client.get(f"{BASE}/files?ref=v1.0").json()["commit"] == filled
    assert client.get(f"{BASE}/commits/v1.0").json()["sha"] == filled
    assert client.get(f"{BASE}/compare?base=v1.0&head=main").json()["base"]["sha"] == filled
    missing = client.get(f"{BASE}/files?ref=v9")
    assert (missing.status_code, missing.json()["detail"]) == (404, "No branch, tag or commit 'v9'.")


@pytest.mark.parametrize(
    "name", ["v9", "a..b", "v 1", "\0", "v1.lock", "refs/tags/", "refs/", "/", "ü", "\ud800", "HEAD"]
)
def test_names_of_nothing_are_not_found(project: Project, filled: str, name: str) -> None:
    with pytest.raises(NotFound):
        queries.resolve(project, name)
    with pytest.raises(NotFound):
        tags.tag_named(project, name)


@pytest.mark.parametrize(
    "name", ["", "-v", ".v", "v.", "a..b", "v1.lock", "a/b", "v 1", "ü", "main", "HEAD", "deadbeef", "v" * 101, "v~1"]
)
def test_bad_names(project: Project, actor: Actor, filled: str, name: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        tags.create_tag(project=project, actor=actor, name=name)
    assert refused.value.stable_code == "bad_tag_name"
    assert tags.tags_of(project) == []


def test_a_tag_never_moves(project: Project, actor: Actor, filled: str, save: Save) -> None:
    tags.create_tag(project=project, actor=actor, name="v1", notes="Here")
    save({"README.md": "new\n"})
    with pytest.raises(Conflict) as refused:
        tags.create_tag(project=project, actor=actor, name="v1")
    assert (refused.value.stable_code, refused.value.extra) == ("tag_exists", {"commit": filled})
    assert queries.resolve(project, "v1") == filled
    with pytest.raises(git.StaleHead):
        git.point_tag(path_of(project), "v1", queries.head(project), expected=None)
    assert Event.objects.filter(project=project, kind="tag.created").count() == 1


def test_only_what_is_on_main_gets_a_name(project: Project, actor: Actor, filled: str, save: Save) -> None:
    git.move_ref(path_of(project), "drafts/1", filled, expected=None)
    beside = save({"README.md": "draft\n"}, ref="drafts/1")
    with pytest.raises(Conflict) as refused:
        tags.create_tag(project=project, actor=actor, name="v1", ref=beside)
    assert refused.value.stable_code == "tag_not_on_main"
    git.move_ref(path_of(project), "v1", filled, expected=None)
    with pytest.raises(Conflict) as refused:
        tags.create_tag(project=project, actor=actor, name="v1")
    assert refused.value.stable_code == "branch_exists"


def test_pushed_tags_come_as_their_maker_wrote_them(project: Project, actor: Actor, filled: str) -> None:
    path = path_of(project)
    run_git(path, "-c", "user.name=Ida", "-c", "user.email=ida@example.org", "tag", "-a", "-m", "By hand", "v2", filled)
    oid = run_git(path, "rev-parse", "refs/tags/v2")
    run_git(path, "update-ref", "-d", "refs/tags/v2")
    for _ in range(2):
        made = tags.receive_tag(project=project, actor=actor, name="v2", oid=oid)
    assert (made.oid, made.notes, made.tagger_name) == (oid, "By hand", "Ida")
    plain = tags.receive_tag(project=project, actor=actor, name="plain", oid=filled)
    assert (plain.oid, plain.commit, plain.notes, plain.tagger_name) == (filled, filled, "", "")
    assert Event.objects.filter(project=project, kind="tag.created").count() == 2
    for name, bad in (("other", oid), ("none", "0" * 40), ("tree", run_git(path, "rev-parse", f"{filled}^{{tree}}"))):
        with pytest.raises(NotFound):
            tags.receive_tag(project=project, actor=actor, name=name, oid=bad)
    assert [tag.name for tag in tags.tags_of(project)] == ["v2", "plain"]


def test_tags_over_http(project: Project, filled: str, owner: User, member: Callable[..., User], api: Client) -> None:
    client, viewer, editor = api(owner), api(member("viewer")), api(member("editor"))
    assert editor.post(f"{BASE}/tags", {"name": "v1"}).status_code == 403
    made = client.post(f"{BASE}/tags", {"name": "v1", "notes": "First"})
    assert (made.status_code, made.json()["commit"], made.json()["notes"]) == (201, filled, "First")
    again = client.post(f"{BASE}/tags", {"name": "v1"})
    assert (again.status_code, again.json()["code"]) == (409, "tag_exists")
    assert viewer.get(f"{BASE}/tags").json() == {"items": [made.json()], "next": None}
    assert viewer.get(f"{BASE}/tags/v1").json() == made.json()
    assert editor.delete(f"{BASE}/tags/v1").status_code == 403
    assert client.delete(f"{BASE}/tags/v1").status_code == 204
    assert client.delete(f"{BASE}/tags/v1").status_code == 404
    assert viewer.get(f"{BASE}/tags").json()["items"] == []
    trail = Event.objects.filter(project=project, subject_kind="tag").order_by("pk")
    assert [(event.kind, event.subject_id) for event in trail] == [("tag.created", "v1"), ("tag.deleted", "v1")]
    assert trail[1].data == {"commit": filled, "notes": "First", "tagger": "Olga"}


def test_tags_survive_packing(project: Project, actor: Actor, filled: str) -> None:
    tags.create_tag(project=project, actor=actor, name="v1", notes="First")
    run_git(path_of(project), "pack-refs", "--all")
    assert queries.resolve(project, "v1") == filled
    tags.delete_tag(project=project, actor=actor, name="v1")
    assert tags.tags_of(project) == []
    tags.create_tag(project=project, actor=actor, name="v1", notes="Again")
    assert [tag.notes for tag in tags.tags_of(project)] == ["Again"]
