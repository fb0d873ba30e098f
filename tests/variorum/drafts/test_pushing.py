"""git push with the real client: what becomes a draft, what main takes, what is refused and how it is said."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.gitclient import Clone
from variorum.accounts.models import Project
from variorum.drafts.models import Draft
from variorum.events.models import Event
from variorum.repos import git, places, queries

PATH = "prompts/triage.prompt"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sound")]


def refs(team: Any) -> dict[str, str]:
    return git.refs(places.path_of(team.project))


def kinder(team: Any) -> dict[str, str | bytes]:
    return {PATH: team.text(PATH).replace("Be kind.", "Be very kind.")}


def test_a_pushed_branch_becomes_a_draft(team: Any, clone: Callable[..., Clone]) -> None:
    tree = clone()
    sha = tree.commit(kinder(team), "Answer kinder")
    done = tree.push("HEAD:refs/heads/kinder-triage")
    assert done.code == 0, done.out
    assert "Draft #1 “Answer kinder” is open for review:" in done.out
    assert "/p/support-desk/drafts/1" in done.out
    draft = Draft.objects.get()
    found = (draft.branch, draft.head_commit, draft.base_commit, draft.paths, draft.author, draft.state)
    assert found == ("kinder-triage", sha, team.main(), [PATH], team.people["eddie"], "open")
    assert queries.head(team.project, "kinder-triage") == sha
    assert Event.objects.filter(kind="draft.opened").get().actor_name == "Eddie (laptop)"
    assert team.get("vera", "/drafts/1").json()["mergeable"]["state"] == "clean"


def test_more_commits_update_the_draft_and_approvals_go_stale(team: Any, clone: Callable[..., Clone]) -> None:
    tree = clone()
    tree.commit(kinder(team))
    tree.push("HEAD:refs/heads/kinder")
    assert team.approve("mia", team.show({"number": 1})).status_code == 201
    sha = tree.commit({"README.md": "# Hello\n"}, "Say hello")
    done = tree.push("HEAD:refs/heads/kinder")
    assert (done.code, "Draft #1" in done.out) == (0, True)
    shown = team.show({"number": 1})
    assert (shown["head_commit"], shown["blockers"][0]["code"]) == (sha, "approvals_missing")
    assert Draft.objects.get().paths == ["README.md", PATH]
    assert Draft.objects.count() == 1


def test_a_draft_of_the_page_is_fetched_changed_and_pushed(team: Any, draft: Any, clone: Callable[..., Clone]) -> None:
    tree = clone()
    tree.git("checkout", "-q", "drafts/1")
    sha = tree.commit({"README.md": "# From a terminal\n"})
    assert tree.push("drafts/1").code == 0
    assert team.row(draft).head_commit == sha == queries.head(team.project, "drafts/1")
    assert team.save("eddie", draft, {"README.md": "late"}).json()["code"] == "stale_save"


def test_main_refuses_what_the_page_would_refuse_and_says_what_to_do(team: Any, clone: Callable[..., Clone]) -> None:
    before, tree = refs(team), clone("mia")
    tree.commit(kinder(team))
    done = tree.push("main")
    assert done.code == 1
    assert "remote:   - 1 more approval" in done.out
    assert "remote:     git push origin HEAD:refs/heads/my-change" in done.out
    assert (refs(team), Draft.objects.count()) == (before, 0)
    tree = clone("eddie")
    tree.commit(kinder(team))
    assert "Only maintainers may change main" in tree.push("main").out
    assert refs(team) == before


def test_an_approved_draft_may_be_pushed_to_main(team: Any, clone: Callable[..., Clone]) -> None:
    tree = clone("eddie")
    sha = tree.commit(kinder(team))
    tree.push("HEAD:refs/heads/kinder")
    mias = clone("mia")
    refused = mias.push("origin/kinder:main")
    assert "Draft #1 has these commits:" in refused.out
    team.approve("mia", team.show({"number": 1}))
    done = mias.push("origin/kinder:main")
    assert done.code == 0, done.out
    assert (team.main(), Draft.objects.get().state, Draft.objects.get().merged_commit) == (sha, "merged", sha)


def test_a_merge_made_by_hand_is_the_same_as_the_pages(team: Any, clone: Callable[..., Clone]) -> None:
    other = team.open("eddie", {"README.md": "# Other\n"})
    draft = team.open("eddie", kinder(team))
    tree = clone("mia")
    team.approve("mia", draft)
    team.approve("mia", other)
    assert team.merge("mia", other).status_code == 200
    tree.git("pull", "-q")
    tree.git("merge", "-q", "--no-ff", "-m", "Merge it", "origin/drafts/2")
    done = tree.push("main")
    assert done.code == 0, done.out
    assert team.row(draft).state == "merged"


def test_without_required_approvals_main_takes_a_maintainers_push(team: Any, clone: Callable[..., Clone]) -> None:
    Project.objects.update(required_approvals=0)
    tree = clone("mia")
    sha = tree.commit(kinder(team), "Answer kinder")
    done = tree.push("main")
    assert done.code == 0, done.out
    draft = Draft.objects.get()
    assert (team.main(), draft.state, draft.merged_commit, draft.title) == (sha, "merged", sha, "Answer kinder")
    assert Event.objects.filter(kind="draft.merged").get().actor_name == "Mia (laptop)"


def test_main_is_neither_rewritten_nor_deleted(team: Any, clone: Callable[..., Clone]) -> None:
    Project.objects.update(required_approvals=0)
    before, tree = refs(team), clone("mia")
    tree.git("commit", "-q", "--amend", "-m", "Rewritten")
    assert "main is never rewritten" in tree.push("+main").out
    assert "main cannot be deleted" in tree.push(":main").out
    assert refs(team) == before


def test_a_rewritten_branch_keeps_what_was_said_of_the_old_commits(team: Any, clone: Callable[..., Clone]) -> None:
    tree = clone()
    old = tree.commit(kinder(team))
    tree.push("HEAD:refs/heads/kinder")
    body = {"body": "Kinder still?", "path": PATH, "side": "new", "line": 3, "commit": old}
    assert team.post("mia", "/drafts/1/comments", **body).status_code == 201
    tree.git("commit", "-q", "--amend", "-m", "Rewritten")
    new = tree.git("rev-parse", "HEAD")
    assert tree.push("HEAD:refs/heads/kinder").code == 1
    assert tree.push("+HEAD:refs/heads/kinder").code == 0
    assert Draft.objects.get().head_commit == new
    assert refs(team)[f"refs/variorum/keep/{old}"] == old
    assert "refs/variorum" not in tree.git("ls-remote", "origin")
    assert team.get("vera", "/drafts/1/comments").status_code == 200
    other = clone("mia")
    other.git("checkout", "-q", "kinder")
    other.git("commit", "-q", "--amend", "-m", "By Mia")
    assert other.push("+kinder").code == 0  # a maintainer may


def test_only_its_author_or_a_maintainer_rewrites_or_deletes_a_branch(
    team: Any, clone: Callable[..., Clone], make_user: Any
) -> None:
    from variorum.accounts.models import Membership

    team.people["emma"] = make_user("emma")
    Membership.objects.create(project=team.project, user=team.people["emma"], role="editor")
    tree = clone()
    tree.commit(kinder(team))
    tree.push("HEAD:refs/heads/kinder")
    before, other = refs(team), clone("emma")
    other.git("checkout", "-q", "kinder")
    other.git("commit", "-q", "--amend", "-m", "By Emma")
    assert "may rewrite its branch" in other.push("+kinder").out
    assert "may delete its branch" in other.push(":kinder").out
    assert refs(team) == before
    assert tree.push(":kinder").code == 0
    assert (Draft.objects.get().state, "refs/heads/kinder" in refs(team)) == ("closed", False)
    assert team.post("eddie", "/drafts/1/reopen").status_code == 200
    assert queries.head(team.project, "kinder") == Draft.objects.get().head_commit


def test_push_options_name_the_draft(team: Any, clone: Callable[..., Clone]) -> None:
    tree = clone()
    tree.commit(kinder(team))
    assert tree.push("-o", "title=Be kind", "-o", "description=Because.", "HEAD:refs/heads/k").code == 0
    assert (Draft.objects.get().title, Draft.objects.get().description) == ("Be kind", "Because.")


def test_tags_are_for_maintainers_and_never_move(team: Any, clone: Callable[..., Clone]) -> None:
    eddies, tree = clone(), clone("mia")
    eddies.git("tag", "v1")
    assert "Only maintainers may push tags" in eddies.push("v1").out
    tree.git("tag", "-a", "v1", "-m", "First")
    assert tree.push("v1").code == 0
    assert team.get("vera", "/tags").json()["items"][0]["name"] == "v1"
    tree.git("tag", "-f", "v1", "HEAD~1")
    assert "a tag never moves" in tree.push("+v1").out
    assert "There is a tag v1" in eddies.push("HEAD:refs/heads/v1").out
    assert "cannot have the same name" in tree.push("HEAD:refs/heads/v3", "HEAD:refs/tags/v3").out
    tree.commit(kinder(team))
    tree.git("tag", "v2")
    assert "Only what was merged gets a tag" in tree.push("v2").out
    assert [name for name in refs(team) if name.startswith("refs/tags/")] == ["refs/tags/v1"]


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ("refs/notes/commits", "Only branches"),
        ("refs/variorum/keep/x", "Only branches"),
        ("refs/heads/drafts/7", "Draft #7 does not exist"),
        ("refs/heads/abcdef1", "the name means something else"),
        ("refs/heads/HEAD", "the name means something else"),
        ("refs/heads/refs/heads/main", "the name means something else"),
        ("refs/heads/main/x", "There is a branch main"),
        ("refs/heads/a@b", "A branch's name has letters"),
    ],
)
def test_foreign_refs(team: Any, clone: Callable[..., Clone], ref: str, reason: str) -> None:
    before, tree = refs(team), clone()
    tree.commit(kinder(team))
    done = tree.push(f"HEAD:{ref}")
    assert (done.code, reason in done.out) == (1, True), done.out
    assert refs(team) == before


def test_one_bad_ref_holds_back_all(team: Any, clone: Callable[..., Clone]) -> None:
    before, tree = refs(team), clone()
    tree.commit(kinder(team))
    done = tree.push("HEAD:refs/heads/good", "HEAD:refs/heads/drafts/9")
    assert done.code == 1
    assert "another ref of this push was refused" in done.out
    assert (refs(team), Draft.objects.count()) == (before, 0)


def test_unrelated_history(team: Any, clone: Callable[..., Clone]) -> None:
    before, tree = refs(team), clone()
    tree.git("checkout", "-q", "--orphan", "other")
    tree.commit({"README.md": "# Another beginning\n"})
    assert "no commit in common with main" in tree.push("other").out
    assert refs(team) == before


def test_dulwich_pushes(team: Any, clone: Callable[..., Clone]) -> None:
    from io import BytesIO

    from dulwich import porcelain

    tree = clone()
    sha = tree.commit(kinder(team), "By dulwich")
    said = BytesIO()
    url = tree.git("remote", "get-url", "origin")
    porcelain.push(str(tree.folder), url, b"HEAD:refs/heads/dulwich", outstream=BytesIO(), errstream=said)
    assert (Draft.objects.get().branch, Draft.objects.get().head_commit) == ("dulwich", sha)
    assert b"is open for review" in said.getvalue()


def test_gitpython_pushes_and_is_told(team: Any, clone: Callable[..., Clone]) -> None:
    import git as gitpython

    tree = clone()
    sha = tree.commit(kinder(team), "By GitPython")
    with gitpython.Repo(tree.folder) as repo:
        (info,) = repo.remotes.origin.push("HEAD:refs/heads/gitpython")
        assert not info.flags & info.ERROR
        (refused,) = repo.remotes.origin.push("HEAD:refs/heads/drafts/9")
        assert refused.flags & refused.REMOTE_REJECTED
        assert "Draft #9 does not exist" in refused.summary
    assert Draft.objects.get().head_commit == sha


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_every_version_pushes_in_chunks_and_atomically(team: Any, clone: Callable[..., Clone], version: str) -> None:
    tree = clone()
    tree.git("config", "protocol.version", version)
    tree.git("config", "http.postBuffer", "1000")
    tree.commit({"README.md": "".join(f"{number * 7919 % 1009} " for number in range(9000))})
    assert tree.push("--atomic", "HEAD:refs/heads/a", "HEAD:refs/heads/b").code == 0
    assert set(Draft.objects.values_list("branch", flat=True)) == {"a", "b"}


def test_a_shallow_clone_pushes(team: Any, clone: Callable[..., Clone]) -> None:
    tree = clone("eddie", "--depth=1")
    sha = tree.commit(kinder(team))
    assert tree.push("HEAD:refs/heads/shallow").code == 0
    assert queries.head(team.project, "shallow") == sha
