"""Mentions, requests for review, the review desk: the right people are told, once."""

from typing import Any

import pytest

from variorum.drafts.models import Approval, Mention
from variorum.events.models import Event, Notice

pytestmark = pytest.mark.django_db
PATH = "prompts/triage.prompt"


def told(team: Any, name: str) -> list[tuple[str, str]]:
    rows = Notice.objects.filter(user=team.people[name]).order_by("pk")
    return [(notice.kind, notice.title) for notice in rows]


def desk(team: Any, name: str) -> Any:
    return team.get(name, "/reviews").json()


def test_who_is_named_is_told_once(team: Any, draft: Any, stranger: Any) -> None:
    text = "@mia, @olga@example.org and @stranger: see `@vera` and mail@vera. @mia!"
    made = team.post("eddie", "/drafts/1/comments", body=text).json()
    title = "Eddie mentioned you in draft #1: Kinder"
    assert (told(team, "mia"), told(team, "olga"), told(team, "vera")) == (
        [("mention", title)], [("mention", title)], [],
    )  # fmt: skip
    assert not Notice.objects.filter(user=stranger).exists()
    url = Notice.objects.get(user=team.people["mia"]).url
    assert url == f"/p/support-desk/drafts/1?tab=conversation#comment-{made['id']}"
    team.patch("eddie", f"/drafts/1/comments/{made['id']}", body=f"{text} @vera")
    assert (len(told(team, "mia")), told(team, "vera")) == (1, [("mention", title)])
    assert [mention["comment"] for mention in desk(team, "mia")["mentions"]] == [made["id"]]


def test_who_is_named_in_a_verdict_is_told_once(team: Any, draft: Any, stranger: Any) -> None:
    said = {"commit": draft["head_commit"], "body": "Kind enough? @vera, @eddie, @mia, @stranger"}
    team.post("mia", "/drafts/1/approvals", verdict="request_changes", **said)
    made = Approval.objects.get(draft__project=team.project)
    title = "Mia mentioned you in draft #1: Kinder"
    assert [told(team, name) for name in ("vera", "eddie", "mia")] == [[("mention", title)], [("mention", title)], []]
    assert not Notice.objects.filter(user=stranger).exists()
    url = Notice.objects.get(user=team.people["vera"]).url
    assert url == f"/p/support-desk/drafts/1?tab=conversation#approval-{made.pk}"
    mention = desk(team, "vera")["mentions"][0]
    assert (mention["comment"], mention["approval"], mention["by"], mention["text"]) == (
        None, made.pk, "Mia", said["body"],
    )  # fmt: skip
    team.approve("mia", draft)
    assert told(team, "eddie")[-1] == ("review", "Mia approved draft #1")


def test_groups_and_descriptions_name_people_too(team: Any) -> None:
    number = team.post("eddie", "/drafts", title="T", description="For @maintainers").json()["number"]
    assert [len(told(team, name)) for name in ("mia", "olga", "vera", "eddie")] == [1, 1, 0, 0]
    team.patch("eddie", f"/drafts/{number}", description="For @maintainers and @vera", version=1)
    assert [len(told(team, name)) for name in ("mia", "olga", "vera")] == [1, 1, 1]
    assert Mention.objects.filter(comment=None).count() == 3


def test_a_thread_is_told_of_answers(team: Any, draft: Any) -> None:
    said = team.post("mia", "/drafts/1/comments", body="Why?").json()
    team.post("olga", "/drafts/1/comments", body="Yes, why?", parent=said["id"])
    assert [title for _, title in told(team, "mia")] == ["Olga commented on draft #1: Kinder"]
    assert [title for _, title in told(team, "eddie")] == [
        "Mia commented on draft #1: Kinder", "Olga commented on draft #1: Kinder",
    ]  # fmt: skip
    assert told(team, "olga") == []


def test_members_have_handles_that_name_one_person(team: Any) -> None:
    members = team.get("vera", "/members").json()["items"]
    assert {member["user"]["name"]: member["handle"] for member in members} == {
        "Olga": "olga", "Mia": "mia", "Eddie": "eddie", "Vera": "vera",
    }  # fmt: skip


def test_a_request_for_review_waits_until_it_is_answered(team: Any, draft: Any) -> None:
    mia = team.people["mia"].pk
    shown = team.post("eddie", "/drafts/1/reviewers", users=[mia]).json()
    assert [(each["user"]["name"], each["state"]) for each in shown["reviewers"]] == [("Mia", "waiting")]
    assert told(team, "mia") == [("review", "Eddie asks for your review of draft #1")]
    waiting = desk(team, "mia")["waiting"]
    assert [(each["draft"]["number"], each["why"], each["asked_by"]) for each in waiting] == [(1, "asked", "Eddie")]
    assert [each["why"] for each in desk(team, "olga")["waiting"]] == ["needed"]
    answered = team.approve("mia", draft).json()
    assert answered["reviewers"][0]["state"] == "approve"
    assert (desk(team, "mia")["waiting"], desk(team, "olga")["waiting"]) == ([], [])
    team.save("eddie", draft, {"README.md": "more"})
    assert [each["why"] for each in desk(team, "mia")["waiting"]] == ["asked"]
    gone = team.client("eddie").delete(f"/api/v1/projects/support-desk/drafts/1/reviewers/{mia}").json()
    assert gone["reviewers"] == []
    assert [each["why"] for each in desk(team, "mia")["waiting"]] == ["changed"]
    assert [event.kind for event in Event.objects.filter(kind__startswith="draft.review_request").order_by("pk")] == [
        "draft.review_requested", "draft.review_request_withdrawn",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["vera", "eddie", "stranger"])
def test_who_cannot_answer_is_not_asked(team: Any, draft: Any, stranger: Any, name: str) -> None:
    people = {**team.people, "stranger": stranger}
    refused = team.post("eddie", "/drafts/1/reviewers", users=[people[name].pk])
    assert (refused.status_code, refused.json()["errors"][0]["where"]) == (400, "users")


def test_the_desk_shows_ones_own_and_costs_the_same_for_many(team: Any, draft: Any, django_assert_num_queries) -> None:
    assert [mine["number"] for mine in desk(team, "eddie")["mine"]] == [1]
    assert desk(team, "vera") == {"waiting": [], "mine": [], "mentions": []}
    for index in range(4):
        team.open("eddie", {"README.md": str(index)})
    client = team.client("mia")
    client.get("/api/v1/projects/support-desk/reviews")
    with django_assert_num_queries(14):
        answer = client.get("/api/v1/projects/support-desk/reviews").json()
    assert [each["draft"]["number"] for each in answer["waiting"]] == [5, 4, 3, 2, 1]
