"""Whose approval a draft needs: OWNERS on main, rules for paths, and nobody their own."""

from typing import Any

import pytest
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.accounts.models import Membership
from variorum.accounts.roles import Role
from variorum.repos import services as repository

pytestmark = pytest.mark.django_db
PATH = "prompts/triage.prompt"


def owners(team: Any, text: str) -> None:
    """Puts an OWNERS file on main."""
    repository.commit_files(
        project=team.project,
        ref="main",
        files={"OWNERS": text.encode()},
        message="Say who owns what",
        actor=Actor.of_user(team.people["olga"]),
        expected_head=team.main(),
    )


def blockers(shown: Any) -> list[str]:
    return [blocker["detail"] for blocker in shown["blockers"]]


def may(team: Any, name: str, draft: Any) -> tuple[bool, bool]:
    shown = team.get(name, f"/drafts/{draft['number']}").json()["may"]
    return shown["approve"], shown["request_changes"]


def test_an_owned_path_needs_one_of_its_owners(team: Any, draft: Any) -> None:
    owners(team, "* @maintainers\n/prompts/ @olga\n")
    shown = team.approve("mia", draft).json()
    assert blockers(shown) == [f"1 more approval for {PATH} (OWNERS, line 2) needed, from Olga."]
    assert shown["blockers"][0]["code"] == "owner_missing"
    assert team.merge("mia", draft).json()["code"] == "merge_blocked"
    assert blockers(team.approve("olga", draft).json()) == []


def test_an_editor_who_owns_a_path_approves_for_it_and_for_nothing_else(team: Any) -> None:
    owners(team, "/prompts/ @eddie@example.org\n")
    draft = team.open("mia", {PATH: "---\nmodel: local/x\n---\nHi", "README.md": "x"})
    assert may(team, "eddie", draft) == (True, True)
    shown = team.approve("eddie", draft).json()
    assert (shown["approval_count"], [v["author"]["name"] for v in shown["approvals"]]) == (0, ["Eddie"])
    assert blockers(shown) == ["1 more approval of the latest version needed, from Olga."]
    other = team.open("mia", {"README.md": "y"})
    refused = team.approve("eddie", other)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")


def test_owners_are_read_from_main_never_from_the_draft(team: Any) -> None:
    owners(team, "/prompts/ @olga\n")
    draft = team.open("eddie", {"OWNERS": "/prompts/ @eddie\n", PATH: "---\nmodel: local/x\n---\nHi"})
    assert "from Olga" in blockers(team.approve("mia", draft).json())[0]


def test_owners_who_left_or_are_misspelt_do_not_free_a_path(team: Any, draft: Any) -> None:
    owners(team, "/prompts/ @lena\n")
    assert blockers(team.approve("mia", draft).json()) == [
        f"1 more approval for {PATH} (OWNERS, line 1) needed, from Olga."
    ]
    answer = team.get("vera", f"/owners?path={PATH}").json()
    assert [(p["line"], p["code"]) for p in answer["problems"]] == [(1, "owners_unknown")]


def test_a_file_with_faults_is_refused_in_a_draft_and_shown_when_it_is_on_main(team: Any) -> None:
    refused = team.post("eddie", "/drafts", title="x", files={"OWNERS": "/a/ nobody\n"})
    assert (refused.status_code, refused.json()["errors"][0]["where"]) == (422, "OWNERS:1:5")


def test_who_must_approve_a_path_is_answered_before_any_draft(team: Any) -> None:
    owners(team, "*.prompt @olga @mia\n")
    team.post("olga", "/approval-rules", pattern="prompts/", count=2, role="editor")
    team.post("olga", "/required-checks", name="quality", path="prompts")
    answer = team.get("vera", f"/owners?path={PATH}").json()
    assert [(need["kind"], need["count"], need["people"]) for need in answer["needs"]] == [
        ("project", 1, ["Mia", "Olga"]), ("path", 2, ["Eddie", "Mia", "Olga"]), ("owners", 1, ["Mia", "Olga"]),
    ]  # fmt: skip
    assert (answer["checks"], answer["rules"][0]["owners"]) == (["quality"], ["olga", "mia"])
    assert [need["kind"] for need in team.get("vera", "/owners?path=README.md").json()["needs"]] == ["project"]
    assert team.get("vera", "/owners?path=../x").status_code == 404


def test_a_rule_for_a_path_counts_its_own_people(team: Any, draft: Any) -> None:
    eddie, olga = team.people["eddie"].pk, team.people["olga"].pk
    made = team.post("olga", "/approval-rules", pattern="/prompts/", count=1, people=[eddie, olga]).json()
    assert [person["name"] for person in made["people"]] == ["Eddie", "Olga"]
    assert blockers(team.approve("mia", draft).json()) == [f"1 more approval for {PATH} (/prompts/) needed, from Olga."]
    many = team.client("olga").put(
        f"/api/v1/projects/support-desk/approval-rules/{made['id']}",
        {"pattern": "/prompts/", "count": 3, "people": [eddie, olga]},
    )
    assert many.status_code == 200
    assert "but only 1 may be given" in blockers(team.show(draft))[0]
    assert team.post("olga", "/approval-rules", pattern="/prompts/", role="owner").json()["code"] == "rule_taken"
    team.client("olga").delete(f"/api/v1/projects/support-desk/approval-rules/{made['id']}")
    assert blockers(team.show(draft)) == []


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"pattern": "[a]", "role": "owner"}, "pattern"), ({"pattern": "*"}, "people"),
        ({"pattern": "*", "people": [10**9]}, "people"), ({"pattern": "*", "role": "viewer"}, "role"),
        ({"pattern": "*", "role": "owner", "count": 0}, "count"),
    ],
)  # fmt: skip
def test_rules_that_make_no_sense(team: Any, body: dict[str, Any], where: str) -> None:
    refused = team.post("olga", "/approval-rules", **body)
    assert (refused.status_code, refused.json()["errors"][0]["where"]) == (400, where)


def test_who_wrote_in_a_draft_does_not_approve_it_while_another_could(team: Any, draft: Any) -> None:
    saved = team.save("mia", draft, {"README.md": "mine"}).json()
    assert may(team, "mia", draft) == (False, True)
    refused = team.approve("mia", saved)
    assert (refused.status_code, refused.json()["code"]) == (403, "self_approval")
    assert blockers(saved) == ["1 more approval of the latest version needed, from Olga."]
    assert blockers(team.approve("olga", saved).json()) == []


def test_where_all_wrote_in_it_anybody_but_its_opener_approves(team: Any) -> None:
    draft = team.open("mia", {"README.md": "1"})
    both = team.save("olga", draft, {"README.md": "2"}).json()
    assert (may(team, "mia", draft), may(team, "olga", draft)) == ((False, False), (True, True))
    assert blockers(team.approve("olga", both).json()) == []


def test_a_suggestion_that_another_took_up_does_not_make_its_author_a_writer(team: Any, draft: Any) -> None:
    body = {"body": "", "path": PATH, "side": "new", "line": 7, "suggestion": "Sort it."}
    made = team.post("mia", "/drafts/1/comments", **body).json()
    taken = team.post("eddie", "/drafts/1/suggestions", comments=[made["id"]]).json()
    assert may(team, "mia", draft) == (True, True)
    own = team.post("mia", "/drafts/1/comments", **{**body, "line": 9, "suggestion": "Be brief."}).json()
    team.post("mia", "/drafts/1/suggestions", comments=[own["id"]])
    assert may(team, "mia", draft) == (False, True)
    assert taken["approvals"] == []


def test_a_forged_or_shared_authorship_counts_as_written(team: Any, draft: Any) -> None:
    eddie = Actor.of_user(team.people["eddie"])
    head = repository.commit_files(
        project=team.project,
        ref="drafts/1",
        files={"README.md": b"together"},
        message="Write together\n\nCo-authored-by: Mia <MIA@example.org>",
        actor=eddie,
        expected_head=draft["head_commit"],
    )
    row = team.row(draft)
    row.head_commit, row.updated_at = head, timezone.now()
    row.save()
    assert may(team, "mia", draft) == (False, True)


def test_stale_approvals_are_shown(team: Any, draft: Any) -> None:
    team.approve("mia", draft)
    shown = team.save("eddie", draft, {"README.md": "more"}).json()
    assert [verdict["author"]["name"] for verdict in shown["stale_approvals"]] == ["Mia"]
    assert (shown["approvals"], shown["needs"][0]["given"]) == ([], 0)


def test_who_works_alone_is_told_so(team: Any) -> None:
    Membership.objects.filter(user=team.people["mia"]).delete()
    Membership.objects.filter(user=team.people["eddie"]).update(role=Role.VIEWER)
    own = team.open("olga", {"README.md": "x"})
    assert own["needs"][0]["people"] == ["Olga"]
    assert own["may"]["approve"] is True
