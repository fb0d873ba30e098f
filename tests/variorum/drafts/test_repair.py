"""Killed between the ref and the row: the two agree again."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from variorum.accounts.access import Actor
from variorum.drafts import merging, repair, services
from variorum.drafts.models import Draft, Push
from variorum.events.models import Event
from variorum.lib.errors import Conflict
from variorum.repos import git, places, queries

PATH = "prompts/triage.prompt"


class Killed(BaseException):
    """As good as kill -9: nothing after it runs, the transaction is gone."""


def killed(monkeypatch: pytest.MonkeyPatch, module: object, step: str, work: Callable[[], object]) -> None:
    """Do the work, and die when it comes to the step."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, step, die)
        with pytest.raises(Killed):
            work()


@pytest.mark.django_db(transaction=True)
def test_killed_after_main_moved(team: Any, draft: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    team.approve("mia", draft)
    killed(monkeypatch, merging, "finish", lambda: team.merge("mia", draft))
    row = team.row(draft)
    assert (row.state, row.merging_commit) == ("open", team.main())
    assert repair.finish_merges() == 1
    row = team.row(draft)
    assert (row.state, row.merged_commit, row.merging_commit, row.ended_by_name) == ("merged", team.main(), "", "Mia")
    assert Event.objects.filter(kind="draft.merged").count() == 1
    assert repair.finish_merges() == 0


@pytest.mark.django_db(transaction=True)
def test_a_merge_killed_after_main_moved_takes_no_more_saves(
    team: Any, draft: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing may reach the branch of a draft that is merged but for its row: nobody would find it there."""
    team.approve("mia", draft)
    killed(monkeypatch, merging, "finish", lambda: team.merge("mia", draft))
    saved = team.save("eddie", draft, {"README.md": "late"})
    assert (saved.status_code, saved.json()["code"]) == (409, "draft_not_open")
    assert saved.json()["detail"] == "Draft #1 is merged; it cannot be changed any more."
    assert team.post("eddie", "/drafts/1/close").json()["code"] == "draft_not_open"
    assert queries.head(team.project, "drafts/1") == draft["head_commit"]
    repair.finish_merges()
    assert team.row(draft).state == "merged"


@pytest.mark.django_db(transaction=True)
def test_branches_of_ended_drafts_go_and_their_commits_stay(team: Any, draft: Any) -> None:
    closed = team.open(files={"prompts/other.prompt": "Hello"})
    live = team.open(files={"prompts/live.prompt": "Hello"})
    team.approve("mia", draft)
    team.merge("mia", draft)
    team.post("eddie", "/drafts/2/close")
    assert repair.drop_branches() == 2
    path, kept = places.path_of(team.project), f"refs/variorum/keep/{closed['head_commit']}"
    assert git.refs(path) == {
        "refs/heads/drafts/3": live["head_commit"],
        "refs/heads/main": team.main(),
        kept: closed["head_commit"],
    }
    assert repair.drop_branches() == 0
    assert team.get("vera", "/drafts/2/diff").status_code == 200
    assert team.post("eddie", "/drafts/2/reopen").status_code == 200
    assert repair.drop_branches() == 0
    again = team.save("eddie", closed, {"prompts/other.prompt": "Hello again"}).json()
    assert queries.head(team.project, "drafts/2") == again["head_commit"]


@pytest.mark.django_db(transaction=True)
def test_a_branch_stays_while_its_draft_is_reopened_or_pushed_to(team: Any, draft: Any) -> None:
    team.post("eddie", "/drafts/1/close")
    intent = Push.objects.create(project=team.project, moves=[["refs/heads/drafts/1", draft["head_commit"], None]])
    assert repair.drop_branches() == 0
    intent.delete()
    row = team.row(draft)
    with transaction.atomic():
        services.reopen_draft(draft=row, actor=Actor.of_user(team.people["eddie"]))
        assert together([repair.drop_branches]) == [0]
    assert queries.head(team.project, "drafts/1") == draft["head_commit"]


@pytest.mark.django_db(transaction=True)
def test_killed_before_main_moved(team: Any, draft: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    team.approve("mia", draft)
    before = team.main()
    killed(monkeypatch, merging.repository, "move_ref", lambda: team.merge("mia", draft))
    assert team.row(draft).merging_commit
    repair.finish_merges()
    assert (team.row(draft).state, team.row(draft).merging_commit, team.main()) == ("open", "", before)
    assert team.merge("mia", draft).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_killed_after_main_moved_and_merged_again(team: Any, draft: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person presses the button once more before the sweep has come by."""
    team.approve("mia", draft)
    killed(monkeypatch, merging, "finish", lambda: team.merge("mia", draft))
    moved = team.main()
    again = team.merge("mia", draft)
    assert (again.status_code, again.json()["merged_commit"]) == (200, moved)
    assert team.main() == moved


@pytest.mark.django_db(transaction=True)
def test_killed_between_commit_and_row_of_a_save(team: Any, draft: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    killed(monkeypatch, services.queries, "changed_paths", lambda: team.save("eddie", draft, {"README.md": "saved?"}))
    ref = queries.head(team.project, "drafts/1")
    assert team.row(draft).head_commit == draft["head_commit"] != ref
    assert repair.adopt_heads() == 1
    assert (team.row(draft).head_commit, team.row(draft).paths) == (ref, ["README.md", PATH])
    assert repair.adopt_heads() == 0
    assert Event.objects.filter(kind="draft.recovered").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_save_after_a_killed_save_is_told_or_welcomed(team: Any, draft: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    killed(monkeypatch, services.queries, "changed_paths", lambda: team.save("eddie", draft, {"README.md": "saved?"}))
    assert team.save("mia", draft, {"README.md": "other"}).json()["code"] == "stale_save"
    assert team.save("eddie", draft, {"README.md": "saved?"}).status_code == 200


def together(work: list[Callable[[], object]]) -> list[object]:
    """Run functions at once, each with its own database connection; gives results and exceptions."""
    results: list[object] = [None] * len(work)

    def run(index: int) -> None:
        try:
            results[index] = work[index]()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_of_many_savers_of_one_version_one_wins_and_the_others_are_told(team: Any, draft: Any) -> None:
    row, actor = team.row(draft), Actor.of_user(team.people["eddie"])

    def save(number: int) -> Callable[[], object]:
        files = {"README.md": b"%d" % number}
        return lambda: services.save_files(draft=row, actor=actor, files=files, expected_head=draft["head_commit"])

    results = together([save(number) for number in range(8)])
    winners = [result for result in results if isinstance(result, Draft)]
    losers = [result for result in results if isinstance(result, Conflict)]
    assert (len(winners), len(losers)) == (1, 7)
    assert {loser.stable_code for loser in losers} == {"stale_save"}
    assert team.row(draft).head_commit == queries.head(team.project, "drafts/1") == winners[0].head_commit


@pytest.mark.django_db(transaction=True)
def test_drafts_merged_at_once_all_land(team: Any) -> None:
    drafts = [team.open("eddie", {f"prompts/p{i}.prompt": f"Hello {i}"}) for i in range(6)]
    for draft in drafts:
        team.approve("mia", draft)
    actor = Actor.of_user(team.people["mia"])

    def merge(draft: Any) -> Callable[[], object]:
        row = team.row(draft)
        return lambda: services.merge_draft(draft=row, actor=actor, expected_head=draft["head_commit"])

    results = together([merge(draft) for draft in drafts] + [repair.finish_merges] * 3)
    assert [result for result in results if isinstance(result, Exception)] == []
    files = {entry.path for entry in queries.list_files(team.project, team.main())}
    assert {f"prompts/p{i}.prompt" for i in range(6)} <= files
    assert set(Draft.objects.values_list("state", flat=True)) == {"merged"}
    assert git.fsck(places.path_of(team.project)) == []


@pytest.mark.django_db(transaction=True)
def test_a_save_while_the_merge_is_prepared_is_not_left_behind(
    team: Any, draft: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.approve("mia", draft)
    before, real = team.main(), merging._land

    def late(*args: Any) -> Any:
        monkeypatch.setattr(merging, "_land", real)
        assert team.save("eddie", draft, {"README.md": "late"}).status_code == 200
        return real(*args)

    monkeypatch.setattr(merging, "_land", late)
    assert team.merge("mia", draft).json()["code"] == "draft_changed"
    row = team.row(draft)
    assert (row.state, row.merging_commit, team.main()) == ("open", "", before)
